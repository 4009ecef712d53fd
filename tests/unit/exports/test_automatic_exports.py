"""Where a document type says so, what nothing holds is exported without a person."""

from __future__ import annotations

from typing import Any

import pytest

from ionport.documents.companies.service import CompanyService
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.exports.automatic.exporter import AutomaticExporter
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.on_each_database


@pytest.fixture
def exporter(walk: Walk) -> AutomaticExporter:
    side = walk.side
    return AutomaticExporter(side.database, side.documents.review.types, side.deliveries)


def _set(side: DocumentSide, **approvals: Any) -> None:
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.documents.review.types.set_approvals(access, "INVOICE", approvals)


def test_what_nothing_holds_is_exported_once_and_what_is_held_is_not(
    walk: Walk, exporter: AutomaticExporter
) -> None:
    side = walk.side
    free = side.receive("A-1")
    wrong = read_sample(UBL_INVOICE).replace(b">2808.81<", b">2808.80<")
    held = side.add_document("wrong.xml", wrong)
    on_hold = side.receive("A-2")
    with side.database.write() as work:
        side.documents.decisions.hold(Access(work, side.scope, OPERATOR), on_hold, "asked")
    assert exporter.look() == 0
    _set(side, exports_by_itself=True)
    assert exporter.look() == 1
    assert exporter.look() == 0
    states = [side.status(each) for each in (free, held, on_hold)]
    assert states == ["exporting", "ready_for_validation", "on_hold"]
    assert _made(side) == [(free, "ionport")]
    # What a person gave up stays so.
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.deliveries.cancel(access, side.deliveries.of_document(access, free)[0].id)
    assert exporter.look() == 0
    _set(side, exports_by_itself=False)
    side.receive("A-3")
    assert exporter.look() == 0


def test_what_comes_to_hold_at_its_export_stays_with_its_finding(
    walk: Walk, exporter: AutomaticExporter
) -> None:
    side = walk.side
    document_id = side.receive("B-1")
    _set(side, exports_by_itself=True)
    with side.database.write() as work:
        companies = CompanyService(side.clock, side.audit, side.identity)
        companies.add(
            Access(work, side.scope, OPERATOR), {"name": "North", "vat_id": "DE811128135"}
        )
    for _look in range(2):
        assert exporter.look() == 0
        assert side.status(document_id) == "ready_for_validation"
    assert _made(side) == []


def test_an_approval_that_is_needed_is_waited_for(walk: Walk, exporter: AutomaticExporter) -> None:
    side = walk.side
    _set(side, exports_by_itself=True, first_from="0")
    document_id = side.receive("C-1")
    assert exporter.look() == 0
    assert side.status(document_id) == "pending_approval"
    with side.database.write() as work:
        side.documents.decisions.approve(Access(work, side.scope, OPERATOR), document_id)
    assert exporter.look() == 1


def test_without_an_active_configuration_nothing_is_tried(
    walk: Walk, exporter: AutomaticExporter
) -> None:
    side = walk.side
    _set(side, exports_by_itself=True)
    document_id = side.receive("D-1")
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.configurations.deactivate(access, walk.configuration.id)
    assert exporter.look() == 0
    assert side.status(document_id) == "validated_pending_export"


def _made(side: DocumentSide) -> list[tuple[str, str]]:
    with side.database.read() as work:
        query = "SELECT document_id, created_by FROM deliveries"
        return [tuple(row) for row in work.connection.exec_driver_sql(query)]
