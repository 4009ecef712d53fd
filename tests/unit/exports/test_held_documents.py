"""What holds a document holds it wherever a delivery is made, until a person decides."""

from __future__ import annotations

import pytest

from ionport.core.errors import InvalidInput
from ionport.core.paging import PageRequest
from ionport.documents.model import DocumentStatus
from ionport.documents.review.model import DocumentHeld, Finding
from ionport.documents.review.service import keeping_findings
from ionport.exports.model import Delivery
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR, DocumentSide, holding, invoice
from tests.unit.exports.test_deliveries import ready, set_status

__all__ = ["ready"]

DOUBLE = {"step": "idm_create", "first_id": "A-1", "second_id": "A-2", "delivery_id": "dlv_1"}


def _mismatch(side: DocumentSide, number: str = "471102") -> str:
    content = invoice(number).replace(b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount")
    return side.add_document(f"{number}.xml", content)


def _export(side: DocumentSide, document_id: str, **options: object) -> list[Delivery]:
    with keeping_findings(side.database) as work:
        return list(
            side.deliveries.export(Access(work, side.scope, OPERATOR), document_id, **options)  # type: ignore[arg-type]
        )


def _findings(side: DocumentSide, document_id: str) -> list[Finding]:
    with side.database.read() as work:
        return holding(side.documents.findings(work.within(side.scope), document_id))


def _deliveries(side: DocumentSide, document_id: str) -> list[Delivery]:
    with side.database.read() as work:
        return list(side.deliveries.of_document(Access(work, side.scope, OPERATOR), document_id))


def test_a_document_ready_for_validation_takes_part_in_no_delivery(ready: DocumentSide) -> None:
    document_id = _mismatch(ready)
    with pytest.raises(DocumentHeld) as held:
        _export(ready, document_id)
    assert held.value.code == "document_held"
    assert "Amount due for payment (BT-115) is 2,808.80" in held.value.text
    with ready.database.write() as work, pytest.raises(DocumentHeld):
        ready.deliveries.re_export(Access(work, ready.scope, OPERATOR), document_id, "again")
    assert _deliveries(ready, document_id) == []
    assert ready.status(document_id) == "ready_for_validation"


@pytest.mark.on_each_database
def test_a_reason_exports_all_the_same_and_is_kept_with_the_findings(ready: DocumentSide) -> None:
    document_id = _mismatch(ready)
    for wrong in ("", "   ", "x" * 501):
        with pytest.raises(InvalidInput):
            _export(ready, document_id, accept_findings=wrong)
    (delivery,) = _export(ready, document_id, accept_findings=" a cent, agreed by phone ")
    (finding,) = _findings(ready, document_id)
    assert finding.decision is not None
    assert finding.decision.person == OPERATOR.name
    assert finding.decision.reason == "a cent, agreed by phone"
    assert finding.decision.at == ready.clock.now()
    assert finding.decision.text == finding.text
    assert finding.decision.delivery_ids == (delivery.id,)
    assert ready.status(document_id) == "exporting"
    assert any("a cent, agreed by phone" in text for text in ready.timeline(document_id))
    with ready.database.read() as work:
        entries = ready.audit.list(work.within(ready.scope), PageRequest(), [document_id]).items
    accepted = next(entry for entry in entries if entry.action == "document.findings_accepted")
    assert accepted.details["reason"] == "a cent, agreed by phone"


def test_a_possible_double_holds_every_further_export_but_not_the_status(
    ready: DocumentSide,
) -> None:
    document_id = ready.receive()
    delivery = ready.export(document_id)
    set_status(ready, delivery.id, "delivered")
    with ready.database.write() as work:
        access = work.within(ready.scope)
        ready.documents.export_status.record(access, document_id, DocumentStatus.EXPORTED, "done")
        for _again in range(2):
            ready.documents.add_finding(access, document_id, "late_answer", DOUBLE)
    (finding,) = _findings(ready, document_id)
    assert "A-2 beside A-1" in finding.text
    assert ready.status(document_id) == "exported"
    assert sum("A-2 beside A-1" in text for text in ready.timeline(document_id)) == 1
    for call in (ready.deliveries.export, ready.deliveries.re_export):
        arguments = ["again"] if call == ready.deliveries.re_export else []
        with ready.database.write() as work, pytest.raises(DocumentHeld):
            call(Access(work, ready.scope, OPERATOR), document_id, *arguments)  # type: ignore[operator]
    with keeping_findings(ready.database) as work:
        (second,) = ready.deliveries.re_export(
            Access(work, ready.scope, OPERATOR),
            document_id,
            "new",
            accept_findings="A-2 is deleted",
        )
    assert second.generation == 2


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        ("finding", "ready_for_validation"),
        ("approval", "pending_approval"),
        ("hold", "on_hold"),
        ("reject", "rejected"),
        ("delete", "deleted"),
    ],
)
def test_no_delivery_of_a_held_document_is_tried_again(
    ready: DocumentSide, cause: str, status: str
) -> None:
    document_id = ready.receive()
    delivery = ready.export(document_id)
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        ready.deliveries.cancel(access, delivery.id)
        if cause == "finding":
            ready.documents.add_finding(access, document_id, "two_items", DOUBLE)
        elif cause == "approval":
            ready.documents.review.types.set_approvals(access, "INVOICE", {"first_from": "0"})
            ready.documents.anew.judge(access, document_id)
        else:
            getattr(ready.documents.decisions, cause)(access, document_id, "wrong")
    with ready.database.write() as work, pytest.raises(DocumentHeld) as held:
        ready.deliveries.retry(Access(work, ready.scope, OPERATOR), delivery.id)
    assert held.value.status == 409
    why = "two items" if cause == "finding" else DocumentStatus(status).label
    assert why in held.value.text
    with ready.database.write() as work:
        ready.documents.export_status.record(
            work.within(ready.scope), document_id, DocumentStatus.EXPORTING, ""
        )
    assert ready.status(document_id) == status
    assert [each.status for each in _deliveries(ready, document_id)] == ["cancelled"]


def test_a_finding_on_a_document_that_waits_for_export_takes_it_back(ready: DocumentSide) -> None:
    document_id = ready.receive()
    with ready.database.write() as work:
        ready.documents.add_finding(work.within(ready.scope), document_id, "two_items", DOUBLE)
    assert ready.status(document_id) == "ready_for_validation"
    with pytest.raises(DocumentHeld):
        _export(ready, document_id)


@pytest.mark.on_each_database
def test_a_finding_that_the_person_did_not_see_still_holds(ready: DocumentSide) -> None:
    document_id = _mismatch(ready)
    seen = [finding.id for finding in _findings(ready, document_id)]
    with ready.database.write() as work:
        ready.documents.add_finding(work.within(ready.scope), document_id, "two_items", DOUBLE)
    with pytest.raises(DocumentHeld) as held:
        _export(ready, document_id, accept_findings="a cent", seen=seen)
    assert "A-2" in held.value.text
    assert all(finding.is_open for finding in _findings(ready, document_id))
