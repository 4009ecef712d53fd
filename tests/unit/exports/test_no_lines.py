"""An invoice without lines is archived, and never booked by surprise."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from ionport.documents.bulk.decisions import judge_step
from ionport.documents.bulk.model import BulkAction
from ionport.documents.bulk.runner import BulkRunner
from ionport.documents.model import DocumentStatus
from ionport.documents.review.model import DocumentHeld, Finding
from ionport.documents.review.service import keeping_findings
from ionport.documents.samples import CII_INVOICE, read_sample
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.model import Delivery, ExportMethod
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.exports.conftest import Walk

_PROFILE = b"urn:factur-x.eu:1p0:basicwl"


def _without_lines(side: DocumentSide) -> str:
    content = re.sub(
        rb"<ram:IncludedSupplyChainTradeLineItem>.*?</ram:IncludedSupplyChainTradeLineItem>",
        b"",
        read_sample(CII_INVOICE),
        flags=re.DOTALL,
    )
    profile = re.search(rb"urn:cen[^<]*", content)
    assert profile is not None
    return side.add_document("basic-wl.xml", content.replace(profile.group(), _PROFILE))


def _export(side: DocumentSide, document_id: str, configuration: str | None = None) -> Delivery:
    with keeping_findings(side.database) as work:
        access = Access(work, side.scope, OPERATOR)
        (made,) = side.deliveries.export(access, document_id, configuration)
        return made


def test_an_invoice_without_lines_holds_where_it_would_be_booked(walk: Walk) -> None:
    side = walk.side
    document_id = _without_lines(side)
    assert side.status(document_id) == DocumentStatus.READY_FOR_VALIDATION
    with pytest.raises(DocumentHeld) as held:
        _export(side, document_id)
    (finding,) = held.value.findings
    assert finding.code == "no_lines"
    assert "Invoices to Infor books lines" in finding.text
    assert side.status(document_id) == DocumentStatus.READY_FOR_VALIDATION
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.documents.decisions.accept(access, document_id, "booked by hand", [finding.id])
    assert _export(side, document_id).document_id == document_id


def test_an_invoice_without_lines_is_archived(walk: Walk) -> None:
    side = walk.side
    archive = side.configure(
        walk.configuration.connection_id, ExportMethod.INFOR_IDM, title="Archive", activate=False
    )
    _switch(side, walk.configuration.id, is_active=False)
    document_id = _without_lines(side)
    assert side.status(document_id) == DocumentStatus.VALIDATED_PENDING_EXPORT
    made = _export(side, document_id, archive.id)
    assert made.method is ExportMethod.INFOR_IDM
    # What is under way is not held by what is activated meanwhile.
    _switch(side, walk.configuration.id, is_active=True)
    assert _holding(side, document_id) == []


def test_a_configuration_that_books_lines_is_asked_by_documents_that_wait(walk: Walk) -> None:
    side = walk.side
    _switch(side, walk.configuration.id, is_active=False)
    document_id = _without_lines(side)
    assert side.status(document_id) == DocumentStatus.VALIDATED_PENDING_EXPORT
    for is_active in (True, False, True):
        _switch(side, walk.configuration.id, is_active=is_active)
        assert _holding(side, document_id) == ["no_lines"] * is_active
        held, free = DocumentStatus.READY_FOR_VALIDATION, DocumentStatus.VALIDATED_PENDING_EXPORT
        assert side.status(document_id) == (held if is_active else free)
    _edit(side, walk.configuration, title="Books")
    assert "Books books lines" in _open(side, document_id)[0].text
    _edit(side, walk.configuration, method=ExportMethod.INFOR_IDM)
    assert _holding(side, document_id) == []
    _edit(side, walk.configuration)
    assert _holding(side, document_id) == ["no_lines"]
    with side.database.write() as work:
        side.configurations.delete(Access(work, side.scope, OPERATOR), walk.configuration.id)
    _judge(side)
    assert _holding(side, document_id) == []


def test_a_document_without_lines_is_judged_anew_by_lines_and_place(walk: Walk) -> None:
    side = walk.side
    document_id = _without_lines(side)
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        other = side.identity.create_sub_organization(access, "South")
        assert side.documents.moving.move(access, document_id, other.id)
    assert _holding(side, document_id) == []
    with side.database.write() as work:
        assert side.documents.moving.move(Access(work, side.scope, OPERATOR), document_id, "")
    assert _holding(side, document_id) == ["no_lines"]
    values = {"INVOICE_TABLE/1/DESCRIPTION": "Drills", "INVOICE_TABLE/1/QUANTITY": "1"}
    side.documents.corrections.correct(side.database, side.scope, OPERATOR, document_id, values)
    assert "no_lines" not in _holding(side, document_id)


def _switch(side: DocumentSide, configuration_id: str, *, is_active: bool) -> None:
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        if is_active:
            side.configurations.activate(access, configuration_id, reason="a test proves nothing")
        else:
            side.configurations.deactivate(access, configuration_id)
    _judge(side)


def _edit(side: DocumentSide, configuration: ExportConfiguration, **values: Any) -> None:
    changed = replace(configuration.fields, **values)
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.configurations.edit(access, configuration.id, changed, reason="a test")
    _judge(side)


def _judge(side: DocumentSide) -> None:
    steps = {BulkAction.JUDGE: judge_step(side.documents.anew)}
    BulkRunner(side.database, side.clock, steps).run_all()


def _open(side: DocumentSide, document_id: str) -> list[Finding]:
    with side.database.read() as work:
        found = side.documents.findings(work.within(side.scope), document_id)
    return [finding for finding in found if finding.is_open]


def _holding(side: DocumentSide, document_id: str) -> list[str]:
    return [finding.code for finding in _open(side, document_id)]
