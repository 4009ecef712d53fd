"""Currencies, credit notes and indicators are read as the standards write them."""

from __future__ import annotations

import pytest

from ionport.documents.intake.reading import Intake, read_file
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from ionport.documents.types import (
    ALLOWANCES_CHARGES,
    ATTACHMENTS,
    INVOICE_TABLE,
    NOTES,
    REFERENCES,
    TAX_LINES,
)
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
    # Without an accounting currency Peppol allows no second total, and no amounts in another.
    assert {finding.code for finding in intake.findings} <= {
        "PEPPOL-EN16931-R051",
        "PEPPOL-EN16931-R054",
    }


def test_amounts_in_another_currency_hold() -> None:
    payable = 'PayableAmount currencyID="{}"'
    intake = _read(UBL, (payable.format("EUR"), payable.format("USD")))
    (finding,) = intake.findings
    assert (finding.code, finding.effect) == ("other_currency", Effect.HOLDS)
    assert (finding.parameters["currency"], finding.parameters["others"]) == ("EUR", "USD")


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
        assert {finding.effect for finding in _read(text).findings} <= {Effect.NOTES}


def test_a_vat_total_without_a_currency_is_read_and_noted() -> None:
    total = '<ram:TaxTotalAmount currencyID="EUR">'
    intake = _read(CII, (total, "<ram:TaxTotalAmount>"))
    (finding,) = intake.findings
    assert (finding.code, finding.effect) == ("tax_total_without_currency", Effect.NOTES)
    assert intake.fields["total_tax_amount"] == _read(CII).fields["total_tax_amount"]


def _case(name: str) -> Intake:
    (path,) = reference_files(f"cases/invoices/{name}")
    return read_file(path.read_bytes())


@needs_reference_data
def test_values_that_were_lost_once_are_there() -> None:
    assert _case("04-cii-type-503-credit-note.xml").document_type == "CREDIT_NOTE"
    assert _case("12-ubl-issue-date-with-time.xml").fields["invoice_date"] == "2026-03-02"
    assert _case("19-ubl-skonto.xml").fields["discount_term"] == "14 days, 2.00 %"
    assert _case("02-cii-logistics-service-charge.xml").fields["charges"] == "15.00"
    assert _case("h77-third-party-payment.xml").fields["amount_due"] == "129.00"
    assert _case("h59-two-ibans.xml").fields["supplier_iban"] == "DE02120300000000202051"
    assert _case("h7l-payee-alone.xml").fields["payee_name"]
    assert _case("20-cii-basic-wl-no-lines.xml").tables[INVOICE_TABLE] == ()
    (attachment,) = _case("17-ubl-embedded-attachment.xml").tables[ATTACHMENTS]
    assert attachment["FILENAME"] == "proof.pdf"
    assert int(attachment["SIZE"]) > 0


@needs_reference_data
def test_rows_that_were_lost_once_are_there() -> None:
    lines = _case("01-cii-sub-lines-group-information.xml").tables[INVOICE_TABLE]
    assert [(row["POSITION"], row["NET_AMOUNT"]) for row in lines] == [
        ("1.1", "60.00"),
        ("1.2", "40.00"),
    ]
    assert len(_case("h7g-four-vat-lines-alone.xml").tables[TAX_LINES]) == 4
    mixed = _case("h7i-header-line-order-mix.xml").tables[INVOICE_TABLE]
    assert [row["POSITION"] for row in mixed] == ["10", "20"]
    (tax,) = _case("05-ubl-two-tax-totals-both-with-subtotals.xml").tables[TAX_LINES]
    assert (tax["net_amount"], tax["tax_amount"]) == ("100.00", "19.00")
    assert len(_case("h67-sub-invoice-lines.xml").tables[INVOICE_TABLE]) == 1


def test_the_tables_beside_the_lines_say_what_the_invoice_says() -> None:
    reference = (
        "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>RE-1</cbc:ID>"
        "<cbc:IssueDate>2026-01-05</cbc:IssueDate></cac:InvoiceDocumentReference>"
        "</cac:BillingReference>"
    )
    start = "  <cac:AccountingSupplierParty>"
    intake = _read(UBL, (start, f"<cbc:Note>#AAI#Danke</cbc:Note>{reference}{start}"))
    assert {"SUBJECT_CODE": "AAI", "TEXT": "Danke"} in intake.tables[NOTES]
    assert {"TYPE": "preceding_invoice", "NUMBER": "RE-1", "DATE": "2026-01-05"} in (
        intake.tables[REFERENCES]
    )
    assert intake.fields["preceding_invoice"] == "RE-1"
    (charge,) = _read(CII).tables[ALLOWANCES_CHARGES]
    assert (charge["TYPE"], charge["AMOUNT"]) == ("charge", "35.00")


def test_a_tax_number_that_is_no_vat_id_has_its_own_field() -> None:
    number = (
        "<cac:PartyTaxScheme><cbc:CompanyID>30/123</cbc:CompanyID><cac:TaxScheme>"
        "<cbc:ID>FC</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme><cac:PartyLegalEntity>"
    )
    intake = read_file(UBL.replace("<cac:PartyLegalEntity>", number).encode())
    assert intake.findings == ()
    for party, vat_id in (("supplier", "DE123456789"), ("buyer", "DE987654321")):
        assert intake.fields[f"{party}_tax_id"] == vat_id
        assert intake.fields[f"{party}_tax_number"] == "30/123"
