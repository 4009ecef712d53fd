"""A mapping may name any business term of the invoice, beside the document's own fields."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ionport.core.clock import MovableClock
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.rendering import Renderer
from ionport.exports.model import StepKind
from ionport.identity.access import Access
from ionport.mappings.grammars.files import own_template
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import BodEnvelope, MappingKind, MappingVersion
from ionport.mappings.rendering.idm import parse_idm_mapping
from ionport.store import Database
from tests.support.exporting import OPERATOR, DocumentSide, document_side
from tests.unit.connections.conftest import credential

IDM = own_template(MappingKind.IDM)[1].replace(
    b"Index_Fields=", b"Index_Fields=BT-13:STRING,bt-81:STRING,"
)
IDM += b"\nIF_BT-13=Order\nIF_bt-81=Means\n"
NO_TERMS = IDM.replace(b"Index_Fields=", b"Index_Fields=BT-9999:STRING,BT-129:STRING,")
NO_TERMS += b"IF_BT-9999=None\nIF_BT-129=Line\n"
BOD = own_template(MappingKind.BOD)[1].replace(
    b"TN_InvoiceTable_TC_QUANTITY=",
    b"TN_InvoiceTable_TC_BT-130=UnitCode\nTN_InvoiceTable_TC_QUANTITY=",
)


@pytest.fixture
def side(database: Database, clock: MovableClock, tmp_path: Path) -> DocumentSide:
    return document_side(database, tmp_path, clock)


def rendered(side: DocumentSide, document_id: str) -> dict[StepKind, str]:
    """Return what a delivery of the document would send, by step."""
    configuration = side.configure(side.connect(json.loads(credential())), idm=IDM)
    versions: dict[MappingKind, MappingVersion] = {}
    with side.database.write() as work:
        for kind, content in ((MappingKind.IDM, IDM), (MappingKind.BOD, BOD)):
            prepared = prepare_mapping(content, kind)
            name = f"{kind} with terms"
            versions[kind] = side.mappings.add(Access(work, side.scope, OPERATOR), name, prepared)
    delivery = side.export(document_id)
    assert delivery.configuration_id == configuration.id
    renderings = ReadablePageService(side.database, side.documents, side.blobs, side.clock)
    with side.database.read() as work:
        document = side.documents.get(work.within(side.scope), document_id)
    job = Renderer(renderings).job(
        delivery,
        document,
        versions,
        accepts_at_least_once=True,
        envelope=BodEnvelope("ACME_TST", side.clock.now()),
        options={},
        more_fields={},
    )
    parts = destination_of(delivery.method).render(job)
    return {part.kind: part.payload.decode() for part in parts}


def test_terms_of_the_invoice_and_of_its_lines_are_sent(side: DocumentSide) -> None:
    sent = rendered(side, side.receive())
    item, bod = sent[StepKind.IDM_CREATE], sent[StepKind.ION_PUBLISH]
    assert "Order" in item
    assert "4500017" in item
    assert "Means" in item
    assert bod.count("UnitCode") == bod.count("<Row>") > 1


def test_a_corrected_value_is_sent_as_its_term_too(side: DocumentSide) -> None:
    document_id = side.receive()
    values = {"purchase_order": "PO-CORRECTED"}
    side.documents.corrections.correct(side.database, side.scope, OPERATOR, document_id, values)
    assert "PO-CORRECTED" in rendered(side, document_id)[StepKind.IDM_CREATE]


def test_number_and_supplier_are_known_by_their_terms_too() -> None:
    """IDM is asked for the same invoice by the attributes that carry them."""
    own = own_template(MappingKind.IDM)[1].decode()
    named = own
    for field, term in (
        ("invoice_id", "BT-1"),
        ("supplier_name", "BT-27"),
        ("invoice_date", "BT-2"),
    ):
        named = named.replace(f"{field}:STRING", f"{term}:STRING")
        named = named.replace(f"IF_{field}=", f"IF_{term}=")
    by_field, by_term = parse_idm_mapping(own), parse_idm_mapping(named)
    for field in ("invoice_id", "supplier_name", "invoice_date"):
        assert by_term.attribute_of(field) == by_field.attribute_of(field) is not None
    findings = {each.code for each in prepare_mapping(named.encode(), MappingKind.IDM).findings}
    assert "same_invoice_not_asked" not in findings


def test_a_term_that_will_not_be_sent_is_told() -> None:
    found = {
        finding.key: (finding.code, finding.text, finding.remedy)
        for finding in prepare_mapping(NO_TERMS, MappingKind.IDM).findings
        if finding.code in ("unknown_term", "unknown_field", "term_of_lines")
    }
    assert set(found) == {"IF_BT-9999", "IF_BT-129"}
    assert "no business term BT-9999" in found["IF_BT-9999"][1]
    assert found["IF_BT-129"][2] == "Name it as a column of the invoice table."
    wrong = BOD.replace(b"TC_BT-130", b"TC_BT-13")
    remedies = [
        finding.remedy
        for finding in prepare_mapping(wrong, MappingKind.BOD).findings
        if finding.code == "term_of_document"
    ]
    assert remedies == ["Name it as a field."]
    assert not [
        finding
        for finding in prepare_mapping(BOD, MappingKind.BOD).findings
        if finding.code in ("unknown_term", "unknown_column")
    ]
