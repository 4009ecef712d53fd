"""Two invoices of fictional parties, complete and exact, for the demonstration and the tests."""

from __future__ import annotations

from importlib import resources

UBL_INVOICE = "demo-invoice-ubl.xml"
CII_INVOICE = "demo-invoice-cii.xml"
SAMPLES = (UBL_INVOICE, CII_INVOICE)


def read_sample(name: str) -> bytes:
    """Return the file with this name, one of `SAMPLES`."""
    if name not in SAMPLES:
        raise ValueError(f"no sample is called {name}")
    return resources.files(__name__).joinpath(name).read_bytes()
