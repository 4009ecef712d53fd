"""The vendor's files, as they are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from ionport.mappings.grammars.files import read_mapping, recognise_kind
from ionport.mappings.lint.linter import lint
from ionport.mappings.model import MappingKind, blocking
from ionport.mappings.rendering.bod import bod_address, parse_bod_mapping, render_bod
from ionport.mappings.rendering.idm import parse_idm_mapping, render_idm_item
from tests.support.reference import FOLDER, needs_reference_data, reference_files
from tests.unit.mappings.sources import (
    CORRELATION_ID,
    ENVELOPE,
    demo_source,
    schema_violations,
    source_of,
)

_FILES = reference_files("mappings/*-Mapping*.properties") + reference_files("mappings/*.toml")
_BOD, _IDM = "BOD-Mapping_Invoice_M3.properties", "IDM-Mapping_Invoice_M3.properties"


def _text(name: str) -> str:
    return read_mapping((FOLDER / "mappings" / name).read_bytes())[0]


def _adapted_bod() -> str:
    """The file as shipped except SFV_LogicalID, which everybody must set."""
    return _text(_BOD).replace("SFV_LogicalID=lid://", "SFV_LogicalID=lid://infor.ims.doc2")


@needs_reference_data
@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.name)
def test_every_shipped_file_is_recognised_by_its_content(path: Path) -> None:
    kind = recognise_kind(read_mapping(path.read_bytes())[0])
    expected = path.name.partition("-")[0].lower() if path.suffix == ".properties" else "toml"
    assert kind == expected


@needs_reference_data
@pytest.mark.parametrize(
    "path", [p for p in _FILES if p.name.startswith(("IDM", "BOD"))], ids=lambda path: path.name
)
def test_every_shipped_idm_and_bod_file_is_read_and_linted(path: Path) -> None:
    text = read_mapping(path.read_bytes())[0]
    kind = recognise_kind(text)
    assert kind is not None
    codes = {finding.code for finding in lint(kind, text)}
    assert not codes & {"unknown_key", "broken_line", "no_document_type", "other_kind"}
    if kind is MappingKind.IDM:
        mapping = parse_idm_mapping(text)
        assert mapping.entities
        assert mapping.attributes
    else:
        assert parse_bod_mapping(text).document_types


@needs_reference_data
def test_the_m3_idm_file_has_no_finding_and_renders_the_demonstration_invoice() -> None:
    text = _text(_IDM)
    assert lint(MappingKind.IDM, text) == []
    item = render_idm_item(parse_idm_mapping(text), demo_source())
    assert item.entity_name == "M3_SupplierInvoice"
    assert dict(item.attributes) == {
        "BOD_AccountingEntityID": "001_100",
        "M3_Company": "001",
        "M3_Division": "100",
        "BOD_SupplierInvoiceID": "RE-2026-0417",
        "BOD_AlternateDocumentID_1": CORRELATION_ID,
        "M3_InvoiceDate": "2026-03-02",
        "Purchase_Order_Number": "4500017",
        "BOD_SupplierPartyID": "Nordwerk Werkzeuge GmbH",
    }
    assert (item.acl, item.filename) == ("Public", "RE-2026-0417_2026-03-02.xml")


@needs_reference_data
def test_the_m3_bod_file_is_held_back_only_by_its_placeholder() -> None:
    shipped = blocking(lint(MappingKind.BOD, _text(_BOD)), accept_at_least_once=False)
    assert [(finding.code, finding.key, finding.line) for finding in shipped] == [
        ("placeholder_logical_id", "SFV_LogicalID", 40)
    ]
    assert not blocking(lint(MappingKind.BOD, _adapted_bod()), accept_at_least_once=False)


@needs_reference_data
@pytest.mark.parametrize("path", reference_files("invoices/*.xml"), ids=lambda path: path.name)
def test_every_reference_invoice_renders_with_the_m3_files(path: Path) -> None:
    source = source_of(path.read_bytes())
    item = render_idm_item(parse_idm_mapping(_text(_IDM)), source)
    assert dict(item.attributes)["BOD_SupplierInvoiceID"] == source.fields["invoice_id"]
    assert item.filename.endswith(".xml")
    mapping = parse_bod_mapping(_adapted_bod())
    bod = render_bod(mapping, source, ENVELOPE)
    assert list(schema_violations(bod)) == []
    assert CORRELATION_ID.encode() in bod
    assert bod_address(mapping, source).logical_id == "lid://infor.ims.doc2"


@needs_reference_data
def test_the_delivery_note_file_keeps_its_other_paths() -> None:
    text = _text("BOD-Mapping_DeliveryNote_LN.properties")
    source = demo_source(document_type="DELIVERY_NOTE")
    bod = render_bod(parse_bod_mapping(text), source, ENVELOPE)
    assert list(schema_violations(bod)) == []
    assert b"<Name>100138</Name>" in bod
    assert b"<LocationID>D_TST100</LocationID>" in bod
