from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest

from ionport.core.errors import InvalidInput, IonportError, TooLarge
from ionport.documents.einvoice import EInvoice, parse_einvoice
from ionport.documents.samples import CII_INVOICE, SAMPLES, UBL_INVOICE, read_sample


def _sample(name: str, *changes: tuple[str, str]) -> bytes:
    text = read_sample(name).decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def _refused(content: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_einvoice(content)
    return caught.value


def test_a_ubl_invoice_is_read_exactly() -> None:
    invoice = parse_einvoice(read_sample(UBL_INVOICE))
    assert invoice.syntax == "UBL"
    assert not invoice.is_credit_note
    assert invoice.header.number == "RE-2026-0417"
    assert invoice.header.issue_date == date(2026, 3, 2)
    assert invoice.header.due_date == date(2026, 4, 1)
    assert invoice.header.delivery_date == date(2026, 2, 27)
    assert invoice.header.order_number == "4500017"
    assert invoice.seller.name == "Nordwerk Werkzeuge GmbH"
    assert invoice.seller.identifier == "70012"
    assert invoice.buyer.vat_id == "DE987654321"
    assert invoice.totals.gross == Decimal("2808.81")
    assert [(tax.rate, tax.basis, tax.amount) for tax in invoice.taxes] == [
        (Decimal(19), Decimal("1874.80"), Decimal("356.21")),
        (Decimal(7), Decimal("540.00"), Decimal("37.80")),
    ]
    first = invoice.lines[0]
    assert (first.quantity, first.unit, first.price) == (Decimal(200), "C62", Decimal("0.38"))
    assert (first.seller_item, first.buyer_item, first.order_line) == ("NW-M8X40", "100482", "10")


def test_a_cii_invoice_is_read_exactly() -> None:
    invoice = parse_einvoice(read_sample(CII_INVOICE))
    assert invoice.syntax == "CII"
    assert invoice.header.due_date == date(2026, 4, 2)
    assert invoice.header.account == "DE89370400440532013000"
    assert invoice.totals.charges == Decimal("35.00")
    assert invoice.totals.stated_charges == Decimal("35.00")
    assert invoice.totals.allowances is None
    assert invoice.lines[0].price_quantity == Decimal(100)
    assert invoice.lines[2].rate == Decimal(7)


@pytest.mark.parametrize("name", SAMPLES)
def test_both_syntaxes_give_the_same_values_for_the_same_terms(name: str) -> None:
    invoice = parse_einvoice(read_sample(name))
    assert (invoice.seller.city, invoice.seller.country_code) == ("Bremerhaven", "DE")
    assert invoice.header.buyer_reference == "EINKAUF-12"
    assert invoice.header.payment_terms == "30 Tage netto"
    assert len(invoice.lines) == 3


def test_a_ubl_credit_note_is_a_credit_note() -> None:
    content = read_sample(UBL_INVOICE).decode()
    for old, new in (
        ("xsd:Invoice-2", "xsd:CreditNote-2"),
        ("<Invoice ", "<CreditNote "),
        ("</Invoice>", "</CreditNote>"),
        ("InvoiceTypeCode>380", "CreditNoteTypeCode>381"),
        ("/cbc:InvoiceTypeCode", "/cbc:CreditNoteTypeCode"),
        ("InvoiceLine>", "CreditNoteLine>"),
        ("InvoicedQuantity", "CreditedQuantity"),
        ("  <cbc:DueDate>2026-04-01</cbc:DueDate>\n", ""),
        (
            "58</cbc:PaymentMeansCode>",
            "58</cbc:PaymentMeansCode><cbc:PaymentDueDate>2026-04-01</cbc:PaymentDueDate>",
        ),
    ):
        content = content.replace(old, new)
    invoice = parse_einvoice(content.encode())
    assert invoice.is_credit_note
    assert invoice.header.due_date == date(2026, 4, 1)
    assert invoice.lines[1].quantity == Decimal(12)


def test_a_type_code_of_a_credit_note_makes_an_invoice_a_credit_note() -> None:
    content = _sample(CII_INVOICE, ("<ram:TypeCode>380", "<ram:TypeCode>381"))
    assert parse_einvoice(content).is_credit_note


def test_prefixes_and_comments_do_not_matter() -> None:
    content = read_sample(UBL_INVOICE).decode().replace("cbc:", "x:").replace(":cbc=", ":x=")
    content = content.replace("2808.81</x:Tax", "28<!-- thousands -->08.81</x:Tax")
    assert parse_einvoice(content.encode()).totals.gross == Decimal("2808.81")


def test_the_vat_total_in_the_accounting_currency_is_not_the_invoices_total() -> None:
    other = '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">4500.00</cbc:TaxAmount></cac:TaxTotal>'
    content = _sample(UBL_INVOICE, ("  <cac:TaxTotal>", other + "\n  <cac:TaxTotal>"))
    invoice = parse_einvoice(content)
    assert invoice.totals.tax == Decimal("394.01")
    assert len(invoice.taxes) == 2


def test_an_order_number_that_only_fills_the_schema_is_none() -> None:
    content = _sample(
        UBL_INVOICE,
        ("<cbc:ID>4500017</cbc:ID>", "<cbc:ID>NA</cbc:ID><cbc:SalesOrderID>88</cbc:SalesOrderID>"),
    )
    assert parse_einvoice(content).header.order_number == ""


def test_the_creditor_identifier_is_not_the_suppliers_number() -> None:
    node = "<cac:PartyIdentification>"
    creditor = node + '<cbc:ID schemeID="SEPA">DE98ZZZ</cbc:ID></cac:PartyIdentification>'
    content = _sample(UBL_INVOICE, (node, creditor + node))
    assert parse_einvoice(content).seller.identifier == "70012"


@pytest.mark.parametrize(
    ("name", "old", "number", "label"),
    [
        (UBL_INVOICE, "<cbc:ID>RE-2026-0417</cbc:ID>", "BT-1", "Invoice number"),
        (UBL_INVOICE, "<cbc:IssueDate>2026-03-02</cbc:IssueDate>", "BT-2", "issue date"),
        (
            UBL_INVOICE,
            "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>",
            "BT-5",
            "currency",
        ),
        (CII_INVOICE, "<ram:ID>RE-2026-0418</ram:ID>", "BT-1", "Invoice number"),
        (CII_INVOICE, "<ram:GrandTotalAmount>1133.47</ram:GrandTotalAmount>", "BT-112", "with VAT"),
        (CII_INVOICE, "<ram:LineTotalAmount>192.00</ram:LineTotalAmount>", "BT-131", "net amount"),
    ],
)
def test_what_is_missing_is_named_by_number_name_and_place(
    name: str, old: str, number: str, label: str
) -> None:
    error = _refused(_sample(name, (old, "")))
    assert error.code == "invalid_invoice"
    assert list(error.fields) == [number]
    assert label in error.text
    assert "(line " in error.text


def test_a_missing_party_is_named_as_such() -> None:
    content = read_sample(UBL_INVOICE).replace(b"AccountingSupplierParty", b"OtherParty")
    error = _refused(content)
    assert list(error.fields) == ["BG-4"]
    assert "Seller" in error.text


def test_an_invoice_without_lines_is_refused() -> None:
    content = read_sample(UBL_INVOICE).replace(b"cac:InvoiceLine", b"cac:OtherLine")
    assert list(_refused(content).fields) == ["BG-25"]


@pytest.mark.parametrize("amount", ["2.808,81", "1e3", "NaN", "Infinity", "٣", "1" * 29, "--1"])
def test_a_bad_number_is_named_with_its_place_and_line(amount: str) -> None:
    content = _sample(UBL_INVOICE, ("2808.81</cbc:Tax", f"{amount}</cbc:Tax"))
    line = content[: content.index(b"TaxInclusiveAmount")].count(b"\n") + 1
    error = _refused(content)
    assert "BT-112" in error.fields
    assert f"Invoice/LegalMonetaryTotal/TaxInclusiveAmount (line {line})" in error.text


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (UBL_INVOICE, "2026-03-02<", "2026-02-30<"),
        (UBL_INVOICE, "2026-03-02<", "02.03.2026<"),
        (CII_INVOICE, ">20260303<", ">20261303<"),
        (CII_INVOICE, '"102">20260303', '"610">202603'),
        (CII_INVOICE, ">20260303<", ">2026-03-03<"),
    ],
)
def test_a_bad_date_is_named(name: str, old: str, new: str) -> None:
    error = _refused(_sample(name, (old, new)))
    assert list(error.fields) == ["BT-2"]
    assert "is not a date" in error.text


def test_a_date_with_a_time_zone_keeps_its_day() -> None:
    content = _sample(UBL_INVOICE, ("2026-03-02<", "2026-03-02+01:00<"))
    assert parse_einvoice(content).header.issue_date == date(2026, 3, 2)


def test_many_problems_are_counted_not_listed() -> None:
    content = read_sample(UBL_INVOICE).replace(b'currencyID="EUR">', b'currencyID="EUR">x')
    error = _refused(content)
    assert len(error.fields) <= 10
    assert "more" in error.text


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "xml_empty", "empty"),
        (b"  \n", "xml_empty", "empty"),
        (b"number;amount\n1;2\n", "xml_not_well_formed", "line 1"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "xml_doctype", "DOCTYPE"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml_doctype", "DOCTYPE"),
        (b"<order xmlns='urn:x'/>", "unknown_syntax", "order (urn:x)"),
        (b"<Invoice/>", "unknown_syntax", "Invoice"),
        (read_sample(UBL_INVOICE)[:2000], "xml_not_well_formed", "line"),
        (b"<a>" * 300_000, "xml_not_well_formed", "nested too deeply"),
        (b"<a>" * 300_000 + b"</a>" * 300_000, "xml_not_well_formed", "nested too deeply"),
    ],
    ids=[
        "empty",
        "blank",
        "csv",
        "entity",
        "external",
        "other",
        "no namespace",
        "truncated",
        "deep",
        "deep and closed",
    ],
)
def test_what_is_no_einvoice_is_refused_with_the_reason(
    content: bytes, code: str, says: str
) -> None:
    error = _refused(content)
    assert error.code == code
    assert says in error.text


def test_a_file_of_50_megabytes_is_too_large() -> None:
    content = read_sample(UBL_INVOICE).replace(b"30 Tage netto", b"x" * 50_000_000)
    with pytest.raises(TooLarge) as caught:
        parse_einvoice(content)
    assert caught.value.code == "xml_too_large"


def test_any_cut_of_a_file_is_refused_and_never_crashes() -> None:
    content = read_sample(CII_INVOICE)
    for end in range(0, len(content) - 1, 97):
        with pytest.raises(IonportError):
            parse_einvoice(content[:end])


def test_values_are_typed() -> None:
    invoice: EInvoice = parse_einvoice(read_sample(UBL_INVOICE))
    assert isinstance(invoice.lines[0].net, Decimal)
    assert invoice.lines[0].price_quantity is None


@pytest.mark.parametrize(
    "times",
    [
        '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">1</cbc:TaxAmount></cac:TaxTotal>',
        "<cac:AllowanceCharge><cbc:Amount>0</cbc:Amount></cac:AllowanceCharge>",
        "<cbc:Note>x</cbc:Note>",
    ],
    ids=["tax totals", "allowances", "notes"],
)
def test_the_time_to_read_grows_with_the_file_and_not_faster(times: str) -> None:
    content = _sample(UBL_INVOICE, ("  <cac:TaxTotal>", times * 40_000 + "\n  <cac:TaxTotal>"))
    started = time.process_time()
    parse_einvoice(content)
    assert time.process_time() - started < 5


def test_more_lines_than_any_invoice_has_are_refused() -> None:
    content = _sample(UBL_INVOICE, ("</Invoice>", "<cac:InvoiceLine/>" * 10_000 + "</Invoice>"))
    assert _refused(content).code == "too_many_lines"


def test_many_threads_read_at_once() -> None:
    content = read_sample(CII_INVOICE)
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda _number: parse_einvoice(content), range(200)))
    assert set(map(repr, read)) == {repr(parse_einvoice(content))}
