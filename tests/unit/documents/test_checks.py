from __future__ import annotations

import pytest

from ionport.documents.intake.reading import read_file
from ionport.documents.samples import CII_INVOICE, SAMPLES, UBL_INVOICE, read_sample


def _warnings(name: str, *changes: tuple[str, str]) -> list[str]:
    text = read_sample(name).decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return [finding.text for finding in read_file(text.encode()).findings]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_demonstration_invoices_are_exact(name: str) -> None:
    assert _warnings(name) == []


def test_a_wrong_total_is_told_with_exact_figures() -> None:
    (text,) = _warnings(UBL_INVOICE, ("2808.81</cbc:PayableAmount", "2808.8</cbc:PayableAmount"))
    assert text.startswith("Amounts Mismatch: Amount due for payment (BT-115)")
    assert "2,808.80 EUR in the document but 2,808.81 EUR by its other" in text
    assert "(difference -0.01 EUR)" in text


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        (
            UBL_INVOICE,
            "2414.80</cbc:LineExt",
            "2414.81</cbc:LineExt",
            "Invoice line net amount",
        ),
        (UBL_INVOICE, "2414.80</cbc:TaxExcl", "2414.90</cbc:TaxExcl", "total amount without VAT"),
        (UBL_INVOICE, "394.01", "394.02", "total VAT amount"),
        (UBL_INVOICE, "2808.81</cbc:TaxIncl", "2808.80</cbc:TaxIncl", "total amount with VAT"),
        (UBL_INVOICE, ">356.21", ">358.21", "VAT category S, 19 % of 1,874.80 EUR"),
        (UBL_INVOICE, ">540.00</cbc:TaxableAmount", ">541.01</cbc:TaxableAmount", "taxable"),
        (UBL_INVOICE, ">200</cbc:InvoicedQ", ">201</cbc:InvoicedQ", "Invoice line net amount"),
        (
            CII_INVOICE,
            ">35.00</ram:ActualAmount",
            ">30.00</ram:ActualAmount",
            "charges",
        ),
        (
            CII_INVOICE,
            ">100</ram:BasisQuantity",
            ">10</ram:BasisQuantity",
            "Invoice line net amount",
        ),
    ],
)
def test_every_figure_that_does_not_agree_is_found(
    name: str, old: str, new: str, says: str
) -> None:
    assert any(says in text for text in _warnings(name, (old, new)))


def test_a_cent_of_rounding_on_a_line_is_no_mismatch() -> None:
    changes = (
        (">200</cbc:InvoicedQ", ">201</cbc:InvoicedQ"),
        (">0.38<", ">0.37816<"),
    )
    assert _warnings(UBL_INVOICE, *changes) == []


def test_a_base_quantity_of_zero_is_not_divided_by() -> None:
    change = (">100</ram:BasisQuantity", ">0</ram:BasisQuantity")
    (text,) = (text for text in _warnings(CII_INVOICE, change) if "base quantity" in text)
    assert "is not above zero: 0" in text


def test_the_largest_figures_are_checked_without_a_crash() -> None:
    huge, tiny = "9" * 28, "0." + "0" * 25 + "1"
    texts = _warnings(
        CII_INVOICE,
        (">1500</ram:Billed", f">{huge}</ram:Billed"),
        (">12.80<", f">{huge}<"),
        (">100</ram:BasisQuantity", f">{tiny}</ram:BasisQuantity"),
    )
    assert any("line net amount" in text for text in texts)
