"""An invoice without lines is archived, and never booked by surprise."""

from __future__ import annotations

import re

import pytest

from ionport.documents.model import DocumentStatus
from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.documents.samples import CII_INVOICE, read_sample
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
    assert side.status(document_id) == DocumentStatus.VALIDATED_PENDING_EXPORT
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
    document_id = _without_lines(side)
    made = _export(side, document_id, archive.id)
    assert made.method is ExportMethod.INFOR_IDM
