from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ionport.core.errors import InvalidInput
from ionport.documents.samples import SAMPLES, read_sample
from ionport.mappings.model import BodAddress, BodEnvelope, RenderSource
from ionport.mappings.rendering.bod import (
    bod_address,
    explain_bod,
    parse_bod_mapping,
    render_bod,
)
from ionport.mappings.rendering.capture_document.schema import (
    SYNC_CAPTURE_DOCUMENT,
    Node,
    Target,
    group_of,
    target_of,
)
from tests.support.reference import needs_reference_data
from tests.unit.mappings.sources import (
    BOD_TEMPLATE,
    CORRELATION_ID,
    ENVELOPE,
    NAMESPACE,
    demo_source,
    schema_rows,
    schema_violations,
    source_of,
)

_DOCUMENT = "DataArea/CaptureDocument/"
_PATH = "SyncCaptureDocumentType\\\\DataArea\\\\CaptureDocument\\\\"


def _render(
    text: str, source: RenderSource | None = None, envelope: BodEnvelope = ENVELOPE
) -> ElementTree.Element:
    return ElementTree.fromstring(
        render_bod(parse_bod_mapping(text), source or demo_source(), envelope)
    )


def _at(path: str) -> str:
    return "/".join(NAMESPACE + step for step in path.split("/"))


def _text(root: ElementTree.Element, path: str) -> str | None:
    return root.findtext(_at(path))


def _fields(root: ElementTree.Element) -> dict[str, str]:
    return {
        field.findtext(NAMESPACE + "Name", ""): field.findtext(NAMESPACE + "Value", "")
        for field in root.findall(_at(_DOCUMENT + "DocumentField"))
    }


def _rows(root: ElementTree.Element) -> list[dict[str, str]]:
    return [
        {
            column.findtext(NAMESPACE + "Name", ""): column.findtext(NAMESPACE + "Value", "")
            for column in row.findall(NAMESPACE + "Column")
        }
        for row in root.findall(_at(_DOCUMENT + "DocumentTable/Row"))
    ]


def _changed(*changes: tuple[str, str]) -> str:
    text = BOD_TEMPLATE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def test_our_template_renders_the_demonstration_invoice() -> None:
    root = _render(BOD_TEMPLATE)
    assert root.tag == NAMESPACE + "SyncCaptureDocument"
    assert root.attrib == {"releaseID": "9.2"}
    assert _text(root, "ApplicationArea/Sender/LogicalID") == "lid://infor.ims.ionport_export"
    assert _text(root, "ApplicationArea/CreationDateTime") == "2026-03-05T10:00:00.007Z"
    assert _text(root, "ApplicationArea/BODID") == (
        "infor-nid:ACME_TST:001_100::RE-2026-0417:?CaptureDocument&verb=Sync"
    )
    assert _text(root, "DataArea/Sync/AccountingEntityID") == "001_100"
    action = root.find(_at("DataArea/Sync/ActionCriteria/ActionExpression"))
    assert action is not None
    assert action.attrib == {"actionCode": "Add"}
    correlation = root.find(_at(_DOCUMENT + "AlternateDocumentID/ID"))
    assert correlation is not None
    assert correlation.text == CORRELATION_ID
    assert correlation.attrib == {"schemeName": "CorrelationID", "location": "ionport"}
    assert _text(root, _DOCUMENT + "DocumentID/ID") == "RE-2026-0417"
    assert _text(root, _DOCUMENT + "DocumentDateTime") == "2026-03-02T00:00:00Z"
    assert _text(root, _DOCUMENT + "CreationDateTime") == "2026-03-05T10:00:00.007Z"
    assert _text(root, _DOCUMENT + "DocumentType") == "M3_SupplierInvoice"
    assert _text(root, _DOCUMENT + "LastModificationPerson/Name") == "anna"
    assert _text(root, _DOCUMENT + "DocumentPage/SourceMimeType") == "application/xml"
    fields = _fields(root)
    assert fields["TotalAmount"] == "2808.81"
    assert (fields["VatPercent"], fields["VatPercent2"]) == ("19", "7")
    assert "VatPercent3" not in fields
    assert fields["BankAccount"] == "DE89370400440532013000"
    assert _rows(root)[1] == {
        "Position": "20",
        "PONumber": "4500017",
        "ItemNumber": "100771",
        "Description": "Akku-Bohrschrauber 18 V",
        "Quantity": "12",
        "UnitMeasurement": "C62",
        "UnitPrice": "149.90",
        "Amount": "1798.80",
    }


def test_the_same_document_and_envelope_give_the_same_bytes() -> None:
    first = render_bod(parse_bod_mapping(BOD_TEMPLATE), demo_source(), ENVELOPE)
    assert render_bod(parse_bod_mapping(BOD_TEMPLATE), demo_source(), ENVELOPE) == first
    later = dataclasses.replace(ENVELOPE, created_at=ENVELOPE.created_at + timedelta(seconds=1))
    assert render_bod(parse_bod_mapping(BOD_TEMPLATE), demo_source(), later) != first


def test_moments_are_written_in_utc() -> None:
    moment = datetime(2026, 3, 5, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    envelope = BodEnvelope("ACME_TST", moment, last_modified_at=datetime(2026, 1, 1, tzinfo=UTC))
    root = _render(BOD_TEMPLATE, envelope=envelope)
    assert _text(root, "ApplicationArea/CreationDateTime") == "2026-03-05T10:00:00.000Z"
    modified = _text(root, _DOCUMENT + "LastModificationDateTime")
    assert modified == "2026-01-01T00:00:00.000Z"


def test_a_field_has_the_parts_that_the_file_lists() -> None:
    field = _render(BOD_TEMPLATE).find(_at(_DOCUMENT + "DocumentField"))
    assert field is not None
    assert [(child.tag.removeprefix(NAMESPACE), child.text) for child in field] == [
        ("Name", "InvoiceNumber"),
        ("Value", "RE-2026-0417"),
        ("FieldOrderNumber", "1"),
        ("PageID", "1"),
    ]
    assert field[0].attrib == {"languageID": "en-us"}
    numbers = [
        element.text
        for element in _render(_changed(("IF_due_date=", "#"))).findall(
            _at(_DOCUMENT + "DocumentField/FieldOrderNumber")
        )
    ]
    assert numbers[:4] == ["1", "2", "3", "4"]
    short = _changed(("IF_Elements=name,value,fieldOrderNumber,page", "IF_Elements=name,value"))
    field = _render(short).find(_at(_DOCUMENT + "DocumentField"))
    assert field is not None
    assert len(field) == 2


def test_a_field_listed_twice_is_sent_once_and_one_without_a_value_not_at_all() -> None:
    text = _changed(("Index_Fields=invoice_id,", "Index_Fields=invoice_id,VENDOR_NAME,invoice_id,"))
    text += "\nIF_VENDOR_NAME=Vendor\n"
    root = _render(text, demo_source(fields={"invoice_id": "1", "correlation_id": "c"}))
    assert list(_fields(root).items()) == [("InvoiceNumber", "1"), ("AlternateDocumentID", "c")]


def test_empty_elements_are_left_out_with_their_constants() -> None:
    fields = {"invoice_date": "2026-03-02"}
    root = _render(BOD_TEMPLATE, demo_source(fields=fields, tables={}))
    for path in ("DocumentID", "AlternateDocumentID", "DocumentTable"):
        assert root.find(_at(_DOCUMENT + path)) is None, path


def test_rows_keep_their_numbers_when_an_empty_one_is_left_out() -> None:
    rows = ({"QUANTITY": "1"}, {"UNUSED": "x"}, {"QUANTITY": "3"})
    root = _render(BOD_TEMPLATE, demo_source(tables={"INVOICE_TABLE": rows}))
    ids = root.findall(_at(_DOCUMENT + "DocumentTable/Row/ID"))
    assert [element.text for element in ids] == ["1", "3"]


def test_a_constant_for_a_person_becomes_the_persons_name_and_wins() -> None:
    text = _changed(("Static_Fields=LogicalID,", "Static_Fields=LogicalID,LastModificationPerson,"))
    text += f"\nSFP_LastModificationPerson={_PATH}LastModificationPerson\n"
    text += "SFV_LastModificationPerson=100138\n"
    person = _render(text).find(_at(_DOCUMENT + "LastModificationPerson"))
    assert person is not None
    assert [(child.tag, child.text) for child in person] == [(NAMESPACE + "Name", "100138")]


def test_a_fields_path_wins_over_a_constant_and_the_order_over_both() -> None:
    sync = "SyncCaptureDocumentType\\\\DataArea\\\\Sync\\\\"
    text = _changed(("Index_Fields=invoice_id,", "Index_Fields=company_id,invoice_id,"))
    text += f"\nIFP_company_id={sync}AccountingEntityID\n"
    text += f"PO_Fields=Place\nPOP_Place={sync}AccountingEntityID\nPOF_Place=location_id\n"

    def entity(**fields: str) -> str | None:
        own = {"invoice_id": "1", "correlation_id": "c", **fields}
        return _text(_render(text, demo_source(fields=own)), "DataArea/Sync/AccountingEntityID")

    assert entity() == "001_100"
    assert entity(company_id="777") == "777"
    assert entity(company_id="777", purchase_order_location_id="W1") == "W1"


def test_an_unknown_path_is_left_out() -> None:
    text = _changed(("Static_Fields=LogicalID,", "Static_Fields=LogicalID,Warehouse,"))
    text += f"\nSFP_Warehouse={_PATH}WarehouseLocation\nSFV_Warehouse=W_RM\n"
    assert b"W_RM" not in render_bod(parse_bod_mapping(text), demo_source(), ENVELOPE)


def test_a_file_without_generated_fields_still_has_what_the_schema_demands() -> None:
    text = "Document_Types=Invoice\nInvoice=X\n"
    root = _render(text)
    assert _text(root, "ApplicationArea/CreationDateTime") == "2026-03-05T10:00:00.007Z"
    assert root.find(_at("DataArea/Sync")) is not None


def test_a_type_without_a_line_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        _render(BOD_TEMPLATE, demo_source(document_type="CREDIT_NOTE"))
    assert caught.value.code == "document_type_not_mapped"


def test_columns_are_found_by_their_old_names_and_tables_in_any_spelling() -> None:
    text = _changed(
        ("TC_PURCHASE_ORDER=PONumber", "TC_PONumber=PONumber"),
        ("TC_UNIT=UnitMeasurement", "TC_UnitMeasurement=UnitMeasurement"),
        ("TN_InvoiceTable=INVOICE_TABLE", "TN_InvoiceTable=InvoiceTable"),
    )
    row = _rows(_render(text))[0]
    assert (row["PONumber"], row["UnitMeasurement"]) == ("4500017", "C62")


def test_tax_lines_can_be_a_table_too() -> None:
    text = _changed(("Tables=InvoiceTable", "Tables=InvoiceTable,Taxes"))
    name = _PATH + "DocumentTable\\\\Name"
    text += "\nTN_Taxes=tax_lines\nTN_Taxes_TC_tax_rate=Rate\nTN_Taxes_Static_Fields=name\n"
    text += f"TNP_Taxes_name={name}\nTNV_Taxes_name=Taxes\n"
    root = _render(text)
    names = root.findall(_at(_DOCUMENT + "DocumentTable/Name"))
    assert [(e.text, e.attrib.get("languageID")) for e in names] == [
        ("InvoiceRows", "en-us"),
        ("Taxes", None),
    ]
    assert {"Rate": "7"} in _rows(root)


def test_special_characters_are_written_safely() -> None:
    text = 'A & B <c> "d" \U0001f600 ]]> \u202eabc\ud7ff\r\n&lt;'
    root = _render(
        BOD_TEMPLATE, demo_source(fields={**demo_source().fields, "supplier_name": text})
    )
    assert _fields(root)["SupplierName"] == text


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\ufffe", "\ud800"])
def test_a_control_character_is_told_with_the_line_that_sends_it(sign: str) -> None:
    fields = {**demo_source().fields, "supplier_name": f"Nord{sign}werk"}
    with pytest.raises(InvalidInput, match=r"Line \d+ .*IF_supplier_name.*U\+") as caught:
        _render(BOD_TEMPLATE, demo_source(fields=fields))
    assert caught.value.code == "control_character"


def test_an_id_that_the_messages_header_cannot_take_is_told() -> None:
    fields = {**demo_source().fields, "invoice_id": "9" * 10_000}
    for render in (render_bod, explain_bod):
        with pytest.raises(InvalidInput, match=r"IFP_invoice_id.*10000 char.*takes 100") as caught:
            render(parse_bod_mapping(BOD_TEMPLATE), demo_source(fields=fields), ENVELOPE)
        assert len(caught.value.text) < 300


def test_a_bodid_keeps_its_parts_apart_whatever_the_number_is() -> None:
    fields = {**demo_source().fields, "invoice_id": "A:1?b&c%d/e"}
    bod_id = _text(_render(BOD_TEMPLATE, demo_source(fields=fields)), "ApplicationArea/BODID")
    assert bod_id == ("infor-nid:ACME_TST:001_100::A%3A1%3Fb%26c%25d/e:?CaptureDocument&verb=Sync")


def test_a_row_has_the_number_of_the_invoices_line() -> None:
    def ids(*positions: str) -> list[str | None]:
        rows = [{"POSITION": position, "QUANTITY": "1"} for position in positions]
        root = _render(BOD_TEMPLATE, demo_source(tables={"INVOICE_TABLE": rows}))
        return [row.text for row in root.findall(_at(_DOCUMENT + "DocumentTable/Row/ID"))]

    assert ids("7", "3", "12") == ["7", "3", "12"]
    assert ids("1", "1", "2") == ["1", "2", "3"]
    assert ids("A", "B", "C") == ["1", "2", "3"]
    assert ids("", "5", "6") == ["1", "2", "3"]


def test_as_many_vat_rates_are_sent_as_there_are() -> None:
    taxes = [
        {"tax_rate": str(rate), "tax_amount": f"{rate}.50", "net_amount": "10"}
        for rate in range(1, 6)
    ]
    fields = {**demo_source().fields, "tax_rate": "1", "tax_rate_2": "2", "tax_rate_3": "3"}
    source = demo_source(fields=fields, tables={"tax_lines": taxes})
    found = _fields(_render(BOD_TEMPLATE, source))
    assert [found[f"VatPercent{suffix}"] for suffix in ("", "2", "3", "4", "5")] == [*"12345"]
    assert (found["VATAmount4"], found["NetAmount5"]) == ("4.50", "10")
    first_only = _changed(
        ("IF_tax_rate_3=", "#"), ("IF_tax_amount_3=", "#"), ("IF_net_amount_3=", "#")
    )
    assert "VatPercent4" not in _fields(_render(first_only, source))


def test_every_value_says_which_line_and_which_field_it_came_from() -> None:
    traced = explain_bod(parse_bod_mapping(BOD_TEMPLATE), demo_source(), ENVELOPE)
    by_target = {value.target: value for value in traced}
    lines = BOD_TEMPLATE.splitlines()
    for value in traced:
        assert value.line is None or lines[value.line - 1].startswith(value.key + "=")
    number = by_target["InvoiceNumber"]
    assert (number.value, number.key, number.sources) == (
        "RE-2026-0417",
        "IF_invoice_id",
        ("invoice_id",),
    )
    document = by_target["DataArea/CaptureDocument/DocumentID/ID"]
    assert (document.key, document.sources) == ("IFP_invoice_id", ("invoice_id",))
    assert by_target["Row 2 Quantity"].sources == ("INVOICE_TABLE.QUANTITY",)
    assert by_target["ApplicationArea/Sender/LogicalID"].key == "SFV_LogicalID"
    root = _render(BOD_TEMPLATE)
    assert {t for t in by_target if "/" not in t and not t.startswith("Row ")} == set(_fields(root))


def test_two_names_of_one_field_are_both_sent() -> None:
    text = _changed(("Index_Fields=", "Index_Fields=INVOICE_NUMBER,"))
    fields = _fields(_render(text + "\nIF_INVOICE_NUMBER=Again\n"))
    assert fields["Again"] == fields["InvoiceNumber"] == "RE-2026-0417"


def test_the_messages_header_is_known_without_rendering() -> None:
    assert bod_address(parse_bod_mapping(BOD_TEMPLATE), demo_source()) == BodAddress(
        logical_id="lid://infor.ims.ionport_export",
        accounting_entity="001_100",
        location="",
        document_id="RE-2026-0417",
    )


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (_PATH + "DocumentID\\\\ID", Target(("DocumentID", "ID"))),
        ("SyncCaptureDocument\\DataArea\\CaptureDocument\\FileSize", Target(("FileSize",))),
        (
            _PATH + "AlternateDocumentID\\\\ID\\\\schemeName",
            Target(("AlternateDocumentID", "ID"), "schemeName"),
        ),
        (
            _PATH + "DocumentField\\\\Name\\\\languageID",
            Target(("DocumentField", "Name"), "languageID"),
        ),
        (_PATH + "LastModificationPerson", Target(("LastModificationPerson", "Name"))),
        (_PATH + "WarehouseLocation", None),
        (_PATH + "DocumentID", None),
        ("SyncSupplierInvoice\\\\DataArea", None),
        ("", None),
    ],
)
def test_paths_are_told_apart_by_the_schema(path: str, target: Target | None) -> None:
    found = target_of(path)
    if target is None:
        assert found is None
    else:
        assert found is not None
        assert found.attribute == target.attribute
        assert found.elements[-len(target.elements) :] == target.elements


def test_a_common_path_leads_to_an_element_with_children() -> None:
    assert group_of(_PATH + "DocumentField") is not None
    assert group_of(_PATH + "FileSize") is None
    assert group_of("nonsense") is None


@needs_reference_data
def test_our_table_of_the_schema_is_the_published_one() -> None:
    def walk(node: Node, parent: str) -> list[tuple[str, str, str]]:
        path = f"{parent}/{node.name}"
        cardinality = {"1": "1..1", "?": "0..1", "+": "1..∞", "*": "0..∞"}[node.cardinality]
        rows = [(path, cardinality, "M" if node.is_mandatory else "o")]
        for name, mandatory in node.attributes.items():
            rows.append((f"{path}/@{name}", "1..1", "M" if mandatory else "o"))
        for child in node.children.values():
            rows += walk(child, path)
        return rows

    assert walk(SYNC_CAPTURE_DOCUMENT, "") == schema_rows()


@needs_reference_data
@pytest.mark.parametrize("name", SAMPLES)
def test_our_templates_bods_hold_to_the_published_schema(name: str) -> None:
    source = source_of(read_sample(name))
    bod = render_bod(parse_bod_mapping(BOD_TEMPLATE), source, ENVELOPE)
    assert list(schema_violations(bod)) == []
