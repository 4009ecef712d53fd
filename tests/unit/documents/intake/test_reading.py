from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.core.errors import InvalidInput
from ionport.documents.amounts import at_most_decimals, decimal_text, total
from ionport.documents.intake.reading import clean_filename, read_any, read_file
from ionport.documents.samples import CII_INVOICE, SAMPLES, UBL_INVOICE, read_sample
from ionport.documents.types import DOCUMENT_TYPES, INVOICE_TABLE, TAX_LINES, document_type


def test_fields_have_the_documented_ids_and_canonical_texts() -> None:
    fields = read_file(read_sample(UBL_INVOICE)).fields
    assert fields["invoice_id"] == "RE-2026-0417"
    assert fields["invoice_date"] == "2026-03-02"
    assert fields["total_net_amount"] == "2414.80"
    assert (fields["net_amount"], fields["tax_amount"], fields["tax_rate"]) == (
        "1874.80",
        "356.21",
        "19",
    )
    assert (fields["net_amount_2"], fields["tax_rate_2"]) == ("540.00", "7")
    assert "net_amount_3" not in fields
    assert fields["supplier_address"] == "Deichstraße 18, 27568 Bremerhaven"
    assert fields["supplier_tax_id"] == "DE123456789"


@pytest.mark.parametrize("name", SAMPLES)
def test_every_field_and_column_is_one_of_the_document_type(name: str) -> None:
    intake = read_file(read_sample(name))
    kind = document_type(intake.document_type)
    assert set(intake.fields) <= {field.id for field in kind.fields}
    for table in kind.tables:
        columns = {column.id for column in table.columns}
        for row in intake.tables[table.id]:
            assert set(row) <= columns


def test_the_line_table_says_what_the_invoice_says() -> None:
    row = read_file(read_sample(UBL_INVOICE)).tables[INVOICE_TABLE][1]
    assert row == {
        "POSITION": "2",
        "PURCHASE_ORDER": "4500017",
        "LINE_NUMBER": "20",
        "ITEM_NUMBER": "100771",
        "SUPPLIER_ITEM_NUMBER": "NW-AB18-2",
        "DESCRIPTION": "Akku-Bohrschrauber 18 V",
        "LONG_DESCRIPTION": "Mit zwei Akkus und Ladegerät im Koffer",
        "QUANTITY": "12",
        "UNIT": "C62",
        "UNIT_PRICE": "149.90",
        "NET_AMOUNT": "1798.80",
        "TOTAL_AMOUNT": "1798.80",
        "VAT": "19",
        "VAT_CATEGORY": "S",
    }


def test_a_price_for_a_hundred_becomes_the_price_of_one() -> None:
    rows = read_file(read_sample(CII_INVOICE)).tables[INVOICE_TABLE]
    assert (rows[0]["UNIT_PRICE"], rows[0]["QUANTITY"]) == ("0.128", "1500")
    assert rows[1]["UNIT_PRICE"] == "84.50"


def test_every_rate_has_a_tax_line_even_beyond_the_third() -> None:
    text = read_sample(UBL_INVOICE).decode()
    start, end = text.index("    <cac:TaxSubtotal>"), text.index("  </cac:TaxTotal>")
    subtotal = text[start : text.index("</cac:TaxSubtotal>") + len("</cac:TaxSubtotal>\n")]
    extra = "".join(subtotal.replace("<cbc:Percent>19", f"<cbc:Percent>{n}") for n in range(1, 4))
    intake = read_file((text[:end] + extra + text[end:]).encode())
    assert [row["tax_rate"] for row in intake.tables[TAX_LINES]] == ["19", "7", "1", "2", "3"]
    assert intake.tables[TAX_LINES][0]["gross_amount"] == "2231.01"
    assert intake.fields["tax_rate_3"] == "1"


def test_nothing_is_made_up_for_what_the_invoice_does_not_say() -> None:
    content = read_sample(UBL_INVOICE).replace(b"<cbc:ID>70012</cbc:ID>", b"")
    content = content.replace(b"<cbc:ID>100482</cbc:ID>", b"")
    intake = read_file(content)
    assert "supplier_id" not in intake.fields
    assert "ITEM_NUMBER" not in intake.tables[INVOICE_TABLE][0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04...", "ZIP"),
        (b"\x89PNG...", "picture"),
        (b'{"invoice": 1}', "JSON"),
        (b"[]", "JSON"),
        (b"\n<!DOCTYPE HTML><html>", "a web page, not an invoice"),
        (b"\x30\x82\x01\x00", "signed file"),
        (b"GIF89a", "picture"),
        (b"7z\xbc\xaf\x27\x1c", "archive"),
        (b"MZ\x90\x00", "program"),
        (b"Dear Sir,\nplease find", "a text without XML"),
        (b"a;b\n1;2\n", "a text without XML"),
        (b"\x01\x02", "not known"),
    ],
)
def test_another_kind_of_file_is_named_as_what_it_is(content: bytes, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_file(content)
    assert says in caught.value.text
    assert caught.value.code == "not_an_einvoice"
    with pytest.raises(InvalidInput) as checked:
        read_any(content)
    assert checked.value.text == caught.value.text


@pytest.mark.parametrize(
    ("filename", "clean"),
    [
        ("invoice.xml", "invoice.xml"),
        ("../../etc/passwd", "passwd"),
        ("C:\\invoices\\März 4.xml", "März 4.xml"),
        ("a\x00b\u202ec.xml", "abc.xml"),
        ("", "document.xml"),
        ("folder/", "document.xml"),
        ("x" * 400 + ".xml", "x" * 196 + ".xml"),
    ],
)
def test_a_file_name_is_its_last_part_without_tricks(filename: str, clean: str) -> None:
    assert clean_filename(filename) == clean


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("336.90", "336.90"),
        ("+5", "5"),
        ("-0.00", "0.00"),
        ("007.10", "7.10"),
        (".5", "0.5"),
        ("0.0000001", "0.0000001"),
        ("1000000000000000000000", "1000000000000000000000"),
    ],
)
def test_a_decimal_keeps_its_digits_and_has_no_exponent(text: str, canonical: str) -> None:
    assert decimal_text(Decimal(text)) == canonical


@given(st.lists(st.decimals(-(10**18), 10**18, places=4), max_size=30))
def test_sums_are_exact(values: list[Decimal]) -> None:
    cents = [int(value.scaleb(4)) for value in values]
    assert total(values) == Decimal(sum(cents)).scaleb(-4)


def test_prices_that_do_not_come_out_are_rounded_at_the_tenth_decimal() -> None:
    assert str(at_most_decimals(Decimal(10) / Decimal(3), 10)) == "3.3333333333"
    assert str(at_most_decimals(Decimal("0.128"), 10)) == "0.128"
    assert str(at_most_decimals(Decimal("-0.005"), 2)) == "-0.01"


def test_labels_of_types_and_fields_are_there_for_the_pages() -> None:
    invoice = DOCUMENT_TYPES["INVOICE"]
    assert invoice.label == "Invoice"
    assert {field.id: field.label for field in invoice.fields}["invoice_id"] == "Invoice Number"
    assert len({field.id for field in invoice.fields}) == len(invoice.fields)
