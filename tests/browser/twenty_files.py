"""Twenty files as they come in on one day: fourteen that are right, and six that are wrong."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from ionport.documents.samples import read_sample
from tests.support.pdfs import pdf_with

_UBL, _CII = "demo-invoice-ubl.xml", "demo-invoice-cii.xml"
_NUMBER_UBL, _NUMBER_CII = "RE-2026-0417", "RE-2026-0418"
KNOWN_ACCOUNT = "DE89370400440532013000"
NEW_ACCOUNT = "DE02120300000000202051"
_SUMS = re.compile(
    r"(<cbc:(?:TaxAmount|TaxableAmount|\w+Amount|InvoicedQuantity)(?<!PriceAmount) [^>]*>)([\d.]+)<"
)


def invoice(number: str) -> str:
    """Return an invoice of 2,808.81 EUR in UBL that nothing holds."""
    return read_sample(_UBL).decode().replace(_NUMBER_UBL, number)


def invoice_in_cii(number: str) -> str:
    """Return an invoice of the same supplier in CII that nothing holds."""
    return read_sample(_CII).decode().replace(_NUMBER_CII, number)


def tenfold(content: str) -> str:
    """Return an invoice in UBL with ten times the quantities and sums."""
    return _SUMS.sub(lambda found: f"{found[1]}{Decimal(found[2]) * 10}<", content)


def write_files(folder: Path) -> list[Path]:
    """Write them into `folder`; what is wrong with a file is its name."""
    right = {f"right-{n:02}.xml": invoice(f"RE-2026-05{n:02}") for n in range(12)}
    right["large.xml"] = tenfold(invoice("RE-2026-0600"))
    right["right-cii.xml"] = invoice_in_cii("RE-2026-0601")
    payable = '<cbc:PayableAmount currencyID="EUR">2808.81'
    wrong = {
        "wrong-total.xml": invoice("RE-2026-0602").replace(payable, payable[:-1] + "7"),
        "foreign-currency.xml": invoice("RE-2026-0603").replace(
            payable, payable.replace("EUR", "USD")
        ),
        "new-account.xml": invoice("RE-2026-0604").replace(KNOWN_ACCOUNT, NEW_ACCOUNT),
    }
    contents = {name: text.encode() for name, text in (right | wrong).items()}
    contents["duplicate.pdf"] = pdf_with(("factur-x.xml", contents["right-cii.xml"]))
    contents["scanned.pdf"] = pdf_with()
    contents["two-invoices.pdf"] = pdf_with(
        ("invoice.xml", invoice("RE-2026-0605").encode()),
        ("other.xml", invoice_in_cii("RE-2026-0606").encode()),
    )
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]
