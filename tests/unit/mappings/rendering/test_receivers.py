"""Everything that the published ION mappings read is sent by our templates, nothing is excused.

The lists repeat docs/reference/ion-messaging.md#synccapturedocument.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping

import pytest

from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.mappings.grammars.files import own_template, read_mapping
from ionport.mappings.lint.activation import missing_type
from ionport.mappings.lint.linter import lint
from ionport.mappings.model import MappingKind, RenderSource
from ionport.mappings.rendering.bod import parse_bod_mapping, render_bod
from ionport.mappings.rendering.idm import parse_idm_mapping, render_idm_item
from tests.support.orders import DESPATCH_ADVICE, ORDER_RESPONSE
from tests.support.reference import FOLDER, needs_reference_data, reference_files
from tests.unit.mappings.sources import (
    CORRELATION_ID,
    ENVELOPE,
    local,
    schema_violations,
    source_of,
)

# Name → value in the documents below; of rates beyond the first the names have a number.
_INVOICE = {
    "InvoiceNumber": "RE-2026-0417",
    "InvoiceDate": "2026-03-02",
    "AlternateDocumentID": CORRELATION_ID,
    "BankReference": "RE-2026-0417",
    "TotalAmount": "1171.47",
    "Currency": "EUR",
    "BankAccount": "DE02120300000000202051",
    "SupplierCountry": "DE",
    "SupplierVATCountry": "DE",
    "VatPercent": "19",
    "VATAmount": "1.9",
    "NetAmount": "10",
    "TaxCode": "19A",
    "VatPercent2": "7",
    "VATAmount2": "0.7",
    "NetAmount2": "10",
    "TaxCode2": "07A",
    "VatPercent3": "0",
    "VATAmount3": "0",
    "NetAmount3": "10",
    "TaxCode3": "00A",
    "DueDate": "2026-04-01",
    "PaymentTerms": "30 days",
    "PurchaseOrder": "4500017",
    "OrganisationNo": "HRB 1",
    "SupplierID": "SUP001",
    "VATRegNo": "DE123456789",
    "SupplierName": "Nordwerk",
    "SupplierCat": "A",
}
_INVOICE_LINE = {
    "Description": "Schraube",
    "ItemNumber": "4711",
    "Quantity": "10",
    "UnitMeasurement": "C62",
    "UnitPrice": "1",
    "Amount": "10",
    "PONumber": "4500017",
    "Position": "20",
}
_CONFIRMATION = {
    "PurchaseOrder": "4500001",
    "SupplierID": "SUP001",
    "Currency": "EUR",
    "NetAmount": "100.00",
}
_CONFIRMATION_LINE = {
    "Position": "10",
    "SubPosition": "1",
    "Quantity": "10",
    "UnitMeasurement": "C62",
    "UnitPrice": "10.00",
    "ItemNumber": "4711",
    "Description": "Schraube",
    "Amount": "100.00",
}
_DELIVERY = {
    "DeliveryNoteId": "DN77",
    "SupplierID": "SUP001",
    "DeliveryDate": "2026-03-05",
    "Status": "Received",
    "ReceivedDateTime": "2026-03-06",
    "WarehouseLocation": "001",
}
_DELIVERY_LINE = {
    "ItemNumber": "4711",
    "ItemCode": "N-1",
    "Description": "Schraube",
    "Quantity": "10",
    "UnitMeasurement": "C62",
    "Position": "10",
    "PONumber": "4500001",
}
_LINE = {
    "POSITION": "1",
    "PURCHASE_ORDER": "4500001",
    "LINE_NUMBER": "10",
    "SUB_LINE_NUMBER": "1",
    "ITEM_NUMBER": "4711",
    "DESCRIPTION": "Schraube",
    "QUANTITY": "10",
    "UNIT": "C62",
}
_RATES = (("19", "1.9", "19A"), ("7", "0.7", "07A"), ("0", "0", "00A"))
_DOCUMENTS: Mapping[str, dict[str, object]] = {
    "INVOICE": {
        "fields": {
            "invoice_id": "RE-2026-0417",
            "invoice_date": "2026-03-02",
            "payment_reference": "RE-2026-0417",
            "total_amount": "1171.47",
            "currency": "EUR",
            "supplier_iban": "DE02120300000000202051",
            "supplier_country_code": "DE",
            "supplier_tax_id": "DE123456789",
            "supplier_registration": "HRB 1",
            "supplier_id": "SUP001",
            "supplier_name": "Nordwerk",
            "supplier_category": "A",
            "due_date": "2026-04-01",
            "payment_terms": "30 days",
            "purchase_order": "4500017",
            "tax_code": "19A",
            "tax_code_2": "07A",
            "tax_code_3": "00A",
        },
        "tables": {
            "tax_lines": [
                {"tax_rate": rate, "net_amount": "10", "tax_amount": amount}
                for rate, amount, _code in _RATES
            ],
            "INVOICE_TABLE": [
                {
                    **_LINE,
                    "PURCHASE_ORDER": "4500017",
                    "LINE_NUMBER": "20",
                    "UNIT_PRICE": "1",
                    "NET_AMOUNT": "10",
                }
            ],
        },
    },
    "ORDER_CONFIRMATION": {
        "fields": {
            "order_confirmation_id": "OC-77",
            "document_date": "2026-03-05",
            "purchase_order": "4500001",
            "supplier_id": "SUP001",
            "currency": "EUR",
            "total_net_amount": "100.00",
        },
        "tables": {"INVOICE_TABLE": [{**_LINE, "UNIT_PRICE": "10.00", "NET_AMOUNT": "100.00"}]},
    },
    "DELIVERY_NOTE": {
        "fields": {
            "delivery_note_id": "DN77",
            "delivery_date": "2026-03-05",
            "received_date": "2026-03-06",
            "delivery_status": "Received",
            "warehouse_location": "001",
            "supplier_id": "SUP001",
        },
        "tables": {"INVOICE_TABLE": [{**_LINE, "SUPPLIER_ITEM_NUMBER": "N-1"}]},
    },
}


def _source(document_type: str) -> RenderSource:
    document = {"document_type": document_type, **_DOCUMENTS[document_type]}
    return source_of(json.dumps(document).encode())


def _named(element: ElementTree.Element, part: str) -> dict[str, str]:
    """Return the values of DocumentFields or Columns by their names."""
    found = [one for one in element.iter() if local(one) == part]
    texts = [{local(child): child.text or "" for child in one} for one in found]
    return {one["Name"]: one["Value"] for one in texts}


@pytest.mark.parametrize(
    ("document_type", "fields", "columns"),
    [
        ("INVOICE", _INVOICE, _INVOICE_LINE),
        ("ORDER_CONFIRMATION", _CONFIRMATION, _CONFIRMATION_LINE),
        ("DELIVERY_NOTE", _DELIVERY, _DELIVERY_LINE),
    ],
)
def test_everything_that_the_receiver_reads_arrives_under_its_name(
    document_type: str, fields: Mapping[str, str], columns: Mapping[str, str]
) -> None:
    text = own_template(MappingKind.BOD, document_type)[1].decode()
    assert not [each for each in lint(MappingKind.BOD, text) if each.code == "name_not_sent"]
    bod = render_bod(parse_bod_mapping(text), _source(document_type), ENVELOPE)
    if FOLDER.is_dir():  # The published schema is reference data.
        assert list(schema_violations(bod)) == []
    root = ElementTree.fromstring(bod)
    assert fields.items() <= _named(root, "DocumentField").items()
    assert columns.items() <= _named(root, "Column").items()


def test_a_sub_line_of_zero_is_none() -> None:
    """The published mapping writes it behind the line: 10 and 0 would confirm line 100."""
    source = _source("ORDER_CONFIRMATION")
    source.tables["INVOICE_TABLE"][0]["SUB_LINE_NUMBER"] = "0"  # type: ignore[index]
    text = own_template(MappingKind.BOD, "ORDER_CONFIRMATION")[1].decode()
    columns = _named(
        ElementTree.fromstring(render_bod(parse_bod_mapping(text), source, ENVELOPE)), "Column"
    )
    assert "SubPosition" not in columns
    assert columns["Position"] == "10"


@pytest.mark.parametrize(
    ("document_type", "content"),
    [("ORDER_CONFIRMATION", ORDER_RESPONSE), ("DELIVERY_NOTE", DESPATCH_ADVICE)],
)
def test_our_idm_templates_archive_orders(document_type: str, content: bytes) -> None:
    mapping = parse_idm_mapping(own_template(MappingKind.IDM, document_type)[1].decode())
    item = render_idm_item(mapping, source_of(content))
    attributes = dict(item.attributes)
    assert attributes["BOD_AlternateDocumentID_1"] == CORRELATION_ID
    assert attributes["Purchase_Order"] == "4500001"
    assert attributes["Supplier_Id"] == "SUP001"
    assert item.filename.endswith(".xml")


@pytest.mark.parametrize("kind", [MappingKind.M3, MappingKind.TOML, MappingKind.LN])
@pytest.mark.parametrize("document_type", ["ORDER_CONFIRMATION", "DELIVERY_NOTE"])
def test_what_the_target_cannot_book_is_refused_with_the_reason(
    kind: MappingKind, document_type: str
) -> None:
    finding = missing_type(kind, own_template(kind)[1].decode(), document_type)
    assert finding is not None
    assert (finding.code, finding.acceptable) == ("type_not_booked", False)
    assert f"and no {document_type}" in finding.text
    assert "IDM" in finding.remedy
    assert missing_type(kind, own_template(kind)[1].decode(), "INVOICE") is None


@needs_reference_data
@pytest.mark.parametrize(
    "path",
    [
        path
        for path in reference_files("mappings/*-Mapping_*.properties")
        if "OrderConfirmation" in path.name or "DeliveryNote" in path.name
    ],
    ids=lambda path: path.name,
)
def test_every_shipped_file_delivers_a_document_of_its_type(path: object) -> None:
    name = getattr(path, "name", "")
    text = read_mapping((FOLDER / "mappings" / name).read_bytes())[0]
    is_delivery = "DeliveryNote" in name
    source = source_of(
        DESPATCH_ADVICE if is_delivery else ORDER_RESPONSE, accounting_entity="001_100"
    )
    kind = "DELIVERY_NOTE" if is_delivery else "ORDER_CONFIRMATION"
    if name.startswith("IDM"):
        assert missing_type(MappingKind.IDM, text, kind) is None
        sent = dict(render_idm_item(parse_idm_mapping(text), source).attributes)
        assert sent["Purchase_Order"] == "4500001"
        assert not is_delivery or sent["Delivery_Note_Id"] == "DN77"
        return
    assert missing_type(MappingKind.BOD, text, kind) is None
    bod = render_bod(parse_bod_mapping(text), source, ENVELOPE)
    assert list(schema_violations(bod)) == []
    fields = _named(ElementTree.fromstring(bod), "DocumentField")
    columns = _named(ElementTree.fromstring(bod), "Column")
    assert (fields["PurchaseOrder"], fields["SupplierID"]) == ("4500001", "SUP001")
    assert columns["Description"] == "Schraube"
    if is_delivery:
        assert (fields["DeliveryNoteId"], columns["Quantity"]) == ("DN77", "10")
    else:
        assert (fields["NetAmount"], fields["SupplierOrderNumber"]) == ("100.00", "SO-1")
        assert columns["PromisedDeliveryDateTime"] == "2026-04-02"


def test_the_invoice_of_the_demonstration_has_no_supplier_category_to_send() -> None:
    """No e-invoice says one: then the element is absent."""
    source = source_of(read_sample(UBL_INVOICE))
    text = own_template(MappingKind.BOD)[1].decode()
    root = ElementTree.fromstring(render_bod(parse_bod_mapping(text), source, ENVELOPE))
    assert "SupplierCat" not in _named(root, "DocumentField")
