"""Currencies, credit notes and indicators are read as the standards write them."""

from __future__ import annotations

import pytest

from ionport.documents.intake import Intake, read_file
from ionport.documents.review.model import Effect
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from ionport.documents.types import TAX_LINES
from tests.support.reference import needs_reference_data, reference_files

UBL, CII = read_sample(UBL_INVOICE).decode(), read_sample(CII_INVOICE).decode()
CREDIT_NOTES = [
    "81",
    "83",
    "261",
    "262",
    "296",
    "308",
    "381",
    "396",
    "420",
    "458",
    "502",
    "503",
    "532",
]
PLN = """<cac:TaxTotal><cbc:TaxAmount currencyID="PLN">1700.00</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="PLN">9000.00</cbc:TaxableAmount>
<cbc:TaxAmount currencyID="PLN">1700.00</cbc:TaxAmount><cac:TaxCategory><cbc:ID>S</cbc:ID>
<cbc:Percent>19</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory>
</cac:TaxSubtotal></cac:TaxTotal>"""


def _read(text: str, *changes: tuple[str, str]) -> Intake:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return read_file(text.encode())


def _codes(intake: Intake) -> list[str]:
    return [finding.code for finding in intake.findings]


@pytest.mark.parametrize("code", CREDIT_NOTES)
def test_every_type_of_credit_note_is_one(code: str) -> None:
    intake = _read(
        CII, ("<ram:TypeCode>380</ram:TypeCode>", f"<ram:TypeCode>{code}</ram:TypeCode>")
    )
    assert intake.document_type == "CREDIT_NOTE"
    assert intake.identity.kind == "credit_note"


def test_vat_subtotals_are_read_in_the_invoice_s_currency_only() -> None:
    start = UBL.index("<cac:TaxTotal>")
    intake = _read(UBL[:start] + PLN + UBL[start:])
    assert intake.tables[TAX_LINES] == _read(UBL).tables[TAX_LINES]
    assert intake.fields["total_tax_amount"] == "394.01"
    assert intake.findings == ()


def test_amounts_in_another_currency_hold() -> None:
    payable = 'PayableAmount currencyID="{}"'
    intake = _read(UBL, (payable.format("EUR"), payable.format("USD")))
    (finding,) = intake.findings
    assert (finding.code, finding.effect) == ("other_currency", Effect.HOLDS)
    assert finding.parameters == {"currency": "EUR", "others": "USD"}


def test_two_currencies_of_one_invoice_hold() -> None:
    code = "<cbc:DocumentCurrencyCode>{}</cbc:DocumentCurrencyCode>"
    intake = _read(UBL, (code.format("EUR"), code.format("EUR") + code.format("USD")))
    (finding,) = intake.findings
    assert (finding.code, finding.effect) == ("two_currency_codes", Effect.HOLDS)
    code = "<ram:InvoiceCurrencyCode>{}</ram:InvoiceCurrencyCode>"
    assert _codes(_read(CII, (code.format("EUR"), code.format("EUR") + code.format("USD")))) == [
        "two_currency_codes"
    ]


@pytest.mark.parametrize("one", ["1", " 1 ", " true "])
def test_a_charge_indicator_is_an_xs_boolean(one: str) -> None:
    for text, tag in ((UBL, "cbc:ChargeIndicator"), (CII, "udt:Indicator")):
        for word, value in (("true", one), ("false", "0")):
            text = text.replace(f"<{tag}>{word}</{tag}>", f"<{tag}>{value}</{tag}>")
        assert _read(text).findings == ()


def test_a_vat_total_without_a_currency_is_read_and_noted() -> None:
    total = '<ram:TaxTotalAmount currencyID="EUR">'
    intake = _read(CII, (total, "<ram:TaxTotalAmount>"))
    (finding,) = intake.findings
    assert (finding.code, finding.effect) == ("tax_total_without_currency", Effect.NOTES)
    assert intake.fields["total_tax_amount"] == _read(CII).fields["total_tax_amount"]


CASES = {
    "02-cii-logistics-service-charge.xml": [],
    "03-cii-tax-total-without-currency.xml": ["tax_total_without_currency"],
    "04-cii-type-503-credit-note.xml": [],
    "05-ubl-two-tax-totals-both-with-subtotals.xml": [],
    "08-ubl-invoice-380-negative.xml": ["negative_invoice"],
    "10-ubl-vat-rounded-by-line.xml": [],
    "14-cii-indicator-0-1.xml": [],
    "21-ubl-latin1.xml": [],
    "h61-huf-no-decimals.xml": [],
    "h7f-alone-other-currency.xml": ["other_currency"],
    "h7h-two-currency-codes-alone.xml": ["two_currency_codes"],
}


@needs_reference_data
@pytest.mark.parametrize("name", CASES)
def test_inputs_that_failed_once_are_read_right(name: str) -> None:
    (path,) = reference_files(f"cases/invoices/{name}")
    assert _codes(read_file(path.read_bytes())) == CASES[name]
