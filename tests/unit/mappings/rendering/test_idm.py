from __future__ import annotations

import dataclasses

import pytest

from ionport.core.errors import InvalidInput
from ionport.mappings.model import IdmItem, RenderSource
from ionport.mappings.rendering.idm import parse_idm_mapping, render_idm_item
from tests.unit.mappings.sources import CORRELATION_ID, IDM_TEMPLATE, demo_source


def _item(text: str, source: RenderSource | None = None) -> IdmItem:
    return render_idm_item(parse_idm_mapping(text), source or demo_source())


def _named(expression: str, **changes: object) -> str:
    text = f"INVOICE=X\nSV_sep=_ \nSV_dot=.pdf\nSearchable_PDF_Name={expression}\n"
    return _item(text, demo_source(**changes)).filename


def test_our_template_renders_the_demonstration_invoice() -> None:
    company = {"accounting_entity": "001_100", "company": "001", "division": "100"}
    source = demo_source(fields={**demo_source().fields, **company})
    assert render_idm_item(parse_idm_mapping(IDM_TEMPLATE), source) == IdmItem(
        entity_name="M3_SupplierInvoice",
        attributes=(
            ("BOD_AccountingEntityID", "001_100"),
            ("M3_Company", "001"),
            ("M3_Division", "100"),
            ("BOD_SupplierInvoiceID", "RE-2026-0417"),
            ("BOD_AlternateDocumentID_1", CORRELATION_ID),
            ("M3_InvoiceDate", "2026-03-02"),
            ("Purchase_Order_Number", "4500017"),
            ("BOD_SupplierPartyID", "Nordwerk Werkzeuge GmbH"),
            ("BOD_RemitToPartyID", "70012"),
        ),
        acl="Public",
        filename="RE-2026-0417_2026-03-02.xml",
        mime_type="application/xml",
    )
    assert parse_idm_mapping(IDM_TEMPLATE).correlation_attribute == "BOD_AlternateDocumentID_1"


def test_document_types_and_field_ids_are_found_in_any_case_and_by_their_old_names() -> None:
    text = "Invoice=X\nIndex_Fields=VENDOR_ID,Invoice_Number\nIF_VENDOR_ID=A\nIF_Invoice_Number=B\n"
    assert _item(text).attributes == (("A", "70012"), ("B", "RE-2026-0417"))


def test_a_type_without_a_line_is_refused_with_the_line_to_add() -> None:
    source = dataclasses.replace(demo_source(), document_type="DELIVERY_NOTE")
    with pytest.raises(InvalidInput) as caught:
        _item(IDM_TEMPLATE, source)
    assert "DELIVERY_NOTE=<IDM document type>" in caught.value.text


def test_a_field_wins_over_a_constant_only_when_it_has_a_value() -> None:
    text = (
        "INVOICE=X\nStatic_Fields=M3_Company,M3_Division,Empty\nSF_M3_Company=001\n"
        "SF_M3_Division=100\nSF_Empty=\nIndex_Fields=company_id,supplier_id\n"
        "IF_company_id=M3_Division\nIF_supplier_id=M3_Company\n"
    )
    assert _item(text).attributes == (("M3_Company", "70012"), ("M3_Division", "100"))


def test_listed_but_undefined_and_defined_but_unlisted_send_nothing() -> None:
    text = "INVOICE=X\nStatic_Fields=A\nSF_B=1\nIndex_Fields=invoice_id\nIF_supplier_id=C\n"
    assert _item(text).attributes == ()
    assert parse_idm_mapping(text).correlation_attribute is None


def test_without_expressions_the_file_keeps_its_name_and_idm_sets_the_rights() -> None:
    item = _item("INVOICE=X\n")
    assert item.acl is None
    assert item.filename == "invoice.xml"


@pytest.mark.parametrize(
    ("expression", "filename"),
    [
        ("IF_INVOICE_ID+SV_sep+IF_INVOICE_DATE", "RE-2026-0417_2026-03-02.xml"),
        ("IF_invoice_id", "RE-2026-0417.xml"),
        ("IF_INVOICE_NUMBER+SV_dot", "RE-2026-0417.xml"),
        ("IF_invoice_id + SV_sep + SV_unknown", "RE-2026-0417_.xml"),
        ("SV_unknown", "invoice.xml"),
    ],
)
def test_the_file_is_named_by_the_expression_and_ends_as_its_content(
    expression: str, filename: str
) -> None:
    assert _named(expression) == filename


@pytest.mark.parametrize(
    ("number", "filename"),
    [
        ("RE 4/2026", "RE 4_2026.xml"),
        ("..\\..\\etc:passwd", "_.._etc_passwd.xml"),
        ("a\nb\x00c", "a_b_c.xml"),
        (" . ", "invoice.xml"),
        ("2026.15", "2026.15.xml"),
        ("x" * 500, "x" * 180 + ".xml"),
        ("März", "März.xml"),
    ],
)
def test_file_names_are_safe_everywhere(number: str, filename: str) -> None:
    fields = {**demo_source().fields, "invoice_id": number}
    assert _named("IF_invoice_id", fields=fields) == filename


@pytest.mark.parametrize(
    ("mime_type", "file_name", "ending"),
    [
        ("application/pdf", "a.xml", ".pdf"),
        ("application/xml", "a.pdf", ".xml"),
        ("text/plain", "a.TXT", ".TXT"),
        ("application/octet-stream", "a", ""),
    ],
)
def test_the_ending_is_true(mime_type: str, file_name: str, ending: str) -> None:
    name = _named("IF_invoice_id", mime_type=mime_type, file_name=file_name)
    assert name == "RE-2026-0417" + ending


def test_embedded_files_are_read() -> None:
    text = (
        "INVOICE=X\nSV_p=INV_\nEMBEDDED_FILES_EXPORT = TRANSFORMED, XML\n"
        "EFE_TRANSFORMED_SOURCE_NAME = Transformed.xml\nEFE_TRANSFORMED_EXPORT_DOC_TYPE = Y\n"
        "EFE_TRANSFORMED_EXPORT_FILENAME = SV_p+IF_INVOICE_ID\n"
    )
    first = parse_idm_mapping(text).embedded_files[0]
    assert (first.source_name, first.entity_name, first.filename[0]) == (
        "Transformed.xml",
        "Y",
        "INV_",
    )
