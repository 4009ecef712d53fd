"""Order confirmations and delivery notes come in as JSON, CSV and UBL, and by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from ionport.core.errors import InvalidInput
from ionport.documents import samples
from ionport.documents.intake.reading import Intake, read_any, read_file
from ionport.documents.invoice.codes import code_list
from ionport.documents.invoice.corrections import Correction, Target
from ionport.documents.invoice.rendering.html import html_page
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.invoice.rendering.sheet import make_sheet
from ionport.documents.review.approvals import ApprovalPolicy
from ionport.documents.review.decisions.values import checked_value, codes_of, field_of
from ionport.documents.types import DOCUMENT_TYPES
from tests.support.orders import DESPATCH_ADVICE, ORDER_RESPONSE
from tests.support.pdfs import pdf_with

_CONFIRMATION = {
    "document_type": "ORDER_CONFIRMATION",
    "fields": {
        "order_confirmation_id": "OC-77",
        "document_date": "2026-03-05",
        "purchase_order": "4500001",
        "supplier_id": "SUP001",
        "supplier_name": "Nordwerk",
        "supplier_category": "A",
        "currency": "EUR",
        "total_net_amount": "100.00",
    },
    "tables": {
        "INVOICE_TABLE": [
            {
                "LINE_NUMBER": "10",
                "SUB_LINE_NUMBER": "1",
                "QUANTITY": "10",
                "UNIT_PRICE": "10.00",
                "PROMISED_DELIVERY_DATE": "2026-04-01",
            }
        ]
    },
}

_SUBSTITUTED = (
    "<cac:SellerSubstitutedLineItem><cbc:ID>2</cbc:ID></cac:SellerSubstitutedLineItem>"
    "</cac:OrderLine>"
)


def _json(changes: dict[str, object] | None = None, **fields: str) -> Intake:
    made = {**_CONFIRMATION, **(changes or {})}
    made["fields"] = {**_CONFIRMATION["fields"], **fields}  # type: ignore[dict-item]
    return read_file(json.dumps(made).encode())


def test_json_gives_every_field_and_column_of_a_confirmation() -> None:
    read = _json()
    assert read.document_type == "ORDER_CONFIRMATION"
    assert _CONFIRMATION["fields"].items() <= read.fields.items()  # type: ignore[attr-defined]
    (row,) = read.tables["INVOICE_TABLE"]
    assert (row["SUB_LINE_NUMBER"], row["PROMISED_DELIVERY_DATE"]) == ("1", "2026-04-01")
    assert row["PURCHASE_ORDER"] == "4500001"
    assert read.findings == ()


def test_a_field_of_another_type_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidInput, match=r"fields\.invoice_id: There is no field invoice_id"):
        _json(invoice_id="R-1")
    tax = {"tables": {"tax_lines": [{"tax_rate": "19"}]}}
    with pytest.raises(InvalidInput, match=r"tables\.tax_lines: .*are INVOICE_TABLE\."):
        _json(tax)


def test_csv_is_of_the_type_whose_number_it_has() -> None:
    text = (
        "delivery_note_id;delivery_date;supplier_name;purchase_order;LINE_NUMBER;QUANTITY\n"
        "DN1;05.03.2026;Nordwerk;4500001;10;5\nDN1;;;;20;6,5\n"
    )
    read = read_file(text.encode())
    assert read.document_type == "DELIVERY_NOTE"
    assert read.fields["delivery_note_id"] == "DN1"
    assert read.fields["delivery_date"] == "2026-03-05"
    assert [row["QUANTITY"] for row in read.tables["INVOICE_TABLE"]] == ["5", "6.5"]


def test_an_order_response_in_ubl_is_a_confirmation() -> None:
    read = read_file(ORDER_RESPONSE)
    assert read.document_type == "ORDER_CONFIRMATION"
    assert read.mime_type == "application/xml"
    assert read.fields == {
        "order_confirmation_id": "OC-77",
        "document_date": "2026-03-05",
        "invoice_type": "231",
        "purchase_order": "4500001",
        "sales_order": "SO-1",
        "delivery_date": "2026-04-01",
        "currency": "EUR",
        "total_net_amount": "100.00",
        "supplier_id": "SUP001",
        "supplier_name": "Nordwerk",
        "buyer_name": "Acme",
    }
    assert read.tables["INVOICE_TABLE"] == (
        {
            "POSITION": "1",
            "LINE_NUMBER": "10",
            "PURCHASE_ORDER": "4500001",
            "SUPPLIER_ITEM_NUMBER": "4711",
            "DESCRIPTION": "Schraube",
            "QUANTITY": "10",
            "UNIT": "C62",
            # The price is for 100.
            "UNIT_PRICE": "10.00",
            "NET_AMOUNT": "100.00",
            "TOTAL_AMOUNT": "100.00",
            "PROMISED_DELIVERY_DATE": "2026-04-02",
        },
    )
    assert read.findings == ()


def test_a_despatch_advice_in_ubl_is_a_delivery_note() -> None:
    read = read_file(DESPATCH_ADVICE)
    assert read.document_type == "DELIVERY_NOTE"
    assert read.fields["delivery_note_id"] == "DN77"
    assert read.fields["supplier_name"] == "Nordwerk"
    assert read.fields["buyer_name"] == "Acme"
    assert read.fields["delivery_date"] == "2026-03-06"
    (row,) = read.tables["INVOICE_TABLE"]
    assert (row["QUANTITY"], row["LINE_NUMBER"], row["PURCHASE_ORDER"]) == ("10", "10", "4500001")
    assert "UNIT_PRICE" not in row


@pytest.mark.parametrize(
    ("content", "old", "new"),
    [
        (ORDER_RESPONSE, ">AP<", ">RE<"),
        (ORDER_RESPONSE, ">AP<", ">AB<"),
        (ORDER_RESPONSE, "<cbc:LineStatusCode>5<", "<cbc:LineStatusCode>7<"),
        (
            ORDER_RESPONSE,
            "</cac:OrderLine>",
            _SUBSTITUTED,
        ),
        (
            DESPATCH_ADVICE,
            "<cac:OrderLineReference>",
            "<cbc:OutstandingQuantity>3</cbc:OutstandingQuantity><cac:OrderLineReference>",
        ),
    ],
    ids=["rejected", "only received", "line rejected", "substituted", "outstanding"],
)
def test_what_is_not_confirmed_or_delivered_as_ordered_holds(
    content: bytes, old: str, new: str
) -> None:
    changed = content.decode().replace(old, new)
    assert changed != content.decode()
    assert [each.code for each in read_file(changed.encode()).findings] == ["not_understood_money"]


def test_what_the_table_does_not_reach_stands_on_the_page() -> None:
    content = ORDER_RESPONSE.replace(
        b"<cac:OrderReference>", b"<cbc:Note>Call us</cbc:Note><cac:OrderReference>", 1
    )
    assert read_file(content).findings == ()
    page = html_page(make_sheet(read_any(content), Language.ENGLISH))
    assert "Call us" in page
    assert "Order confirmation OC-77" in page
    assert "Invoice number" not in page


def test_values_that_cannot_be_read_hold() -> None:
    content = ORDER_RESPONSE.replace(b">2026-03-05<", b">5 March<").replace(b">10<", b">ten<", 1)
    codes = [each.code for each in read_file(content).findings]
    assert codes == ["unreadable_value", "unreadable_value"]


def test_a_confirmation_names_its_order_and_a_delivery_note_its_number() -> None:
    assert [each.code for each in _json(purchase_order="").findings] == ["no_order"]
    lines = {"tables": {"INVOICE_TABLE": [{"PURCHASE_ORDER": "1", "QUANTITY": "1"}]}}
    assert _json(lines, purchase_order="").findings == ()
    note = {"document_type": "DELIVERY_NOTE", "fields": {"supplier_name": "Nordwerk"}}
    found = read_file(json.dumps(note).encode()).findings
    assert [each.code for each in found] == ["no_delivery_note_number"]


def test_a_changed_confirmation_is_no_duplicate_and_a_second_copy_is_one() -> None:
    first, again = _json().identity, _json().identity
    assert first.is_same_invoice(again)
    assert not first.is_same_invoice(_json(document_date="2026-03-06").identity)
    note, other = read_file(DESPATCH_ADVICE).identity, read_file(DESPATCH_ADVICE).identity
    assert note.is_same_invoice(other)
    assert not note.is_same_invoice(first)


@pytest.mark.parametrize(
    ("code", "number", "kind"),
    [
        ("231", "order_confirmation_id", "ORDER_CONFIRMATION"),
        ("351", "delivery_note_id", "DELIVERY_NOTE"),
        ("381", "invoice_id", "CREDIT_NOTE"),
    ],
)
def test_a_pdf_becomes_what_a_person_says_that_it_is(code: str, number: str, kind: str) -> None:
    entered = [Correction(Target("invoice_type"), code), Correction(Target(number), "N-1")]
    read = read_file(pdf_with(), corrections=entered)
    assert (read.document_type, read.fields[number]) == (kind, "N-1")


@pytest.mark.parametrize("code", ["231", "351"])
def test_a_person_may_say_that_a_document_is_of_an_order(code: str) -> None:
    target, kind = Target("invoice_type"), DOCUMENT_TYPES["INVOICE"]
    assert checked_value(target, field_of(kind, target), code) == code
    assert code in code_list(codes_of(target, field_of(kind, target)))


def test_json_may_say_the_type_code_of_its_document_type() -> None:
    assert _json(invoice_type="231").document_type == "ORDER_CONFIRMATION"
    with pytest.raises(InvalidInput, match="Of this document type it is 231"):
        _json(invoice_type="380")


def test_an_order_that_another_document_only_names_is_not_taken_for_one() -> None:
    wrapped = b"<Envelope>" + ORDER_RESPONSE.partition(b"?>")[2] + b"</Envelope>"
    with pytest.raises(InvalidInput, match="Envelope"):
        read_file(wrapped)
    comment = b"<!-- no <OrderResponse > -->\n"
    invoice = Path(samples.__file__).with_name("demo-invoice-ubl.xml").read_bytes()
    named = invoice.replace(b"<Invoice", comment + b"<Invoice", 1)
    assert named != invoice
    assert read_file(named).document_type == "INVOICE"
    commented = ORDER_RESPONSE.replace(b"<OrderResponse", comment + b"<OrderResponse", 1)
    assert read_file(commented).document_type == "ORDER_CONFIRMATION"


def test_a_currency_that_no_list_has_holds_an_order() -> None:
    content = ORDER_RESPONSE.replace(b">EUR<", b">Euro<")
    assert [each.code for each in read_file(content).findings] == ["not_understood_money"]


def test_nothing_outstanding_does_not_hold_a_delivery_note() -> None:
    outstanding = b"<cbc:OutstandingQuantity>0.00</cbc:OutstandingQuantity><cac:OrderLineReference>"
    content = DESPATCH_ADVICE.replace(b"<cac:OrderLineReference>", outstanding, 1)
    assert content != DESPATCH_ADVICE
    assert read_file(content).findings == read_file(DESPATCH_ADVICE).findings


@pytest.mark.parametrize("total", ["abc", "1,5", "1e999999999", "1e5", "NaN", "2026-13-45"])
def test_a_total_that_cannot_be_read_counts_as_over_every_amount(total: str) -> None:
    policy = ApprovalPolicy(first_from=Decimal(10), second_from=Decimal(1000))
    assert policy.needed({"total_amount": total}) == 2
    assert policy.needed({"total_amount": "-999.99"}) == 1
    assert policy.needed({"total_amount": "9"}) == 0
