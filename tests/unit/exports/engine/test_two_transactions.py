"""Transactions that meet: on PostgreSQL they run beside each other, on SQLite one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from ionport.documents.model import DocumentStatus
from ionport.documents.review.service import ReviewService
from ionport.documents.service import DocumentService
from ionport.exports import status
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import Delivery, DeliveryStatus, OutcomeKind
from ionport.identity.access import Access
from ionport.store import OrganizationScope, ScopedWork
from tests.support.beside import Beside
from tests.support.exporting import OPERATOR, closing
from tests.support.patience import PATIENCE
from tests.unit.exports.conftest import Walk
from tests.unit.exports.engine.test_right_to_send import PUBLISH, claim, watch

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)

# How long the one that is to wait is given to get by: only a failing test has time left.
BRIEFLY = 0.5


def hold_document(walk: Walk, delivery_id: str) -> str:
    """A finding holds the document of a delivery; returns its id."""
    document_id = walk.side.detail(delivery_id).delivery.document_id
    parameters = {"step": "x", "first_id": "a", "second_id": "b", "delivery_id": delivery_id}
    with walk.side.database.write() as work:
        walk.side.documents.add_finding(
            work.within(walk.side.scope), document_id, "two_items", parameters
        )
    return document_id


def decide(walk: Walk, document_id: str) -> None:
    """A person decides on the findings of a document."""
    with walk.side.database.write() as work:
        walk.side.deliveries.export(
            Access(work, walk.side.scope, OPERATOR), document_id, accept_findings="compared"
        )


def export_again(walk: Walk, document_id: str, configuration_id: str) -> str:
    """Export a document through another configuration; returns the delivery's id."""
    with walk.side.database.write() as work:
        (made,) = walk.side.deliveries.export(
            Access(work, walk.side.scope, OPERATOR), document_id, configuration_id
        )
    return made.id


def second_configuration(walk: Walk) -> str:
    return walk.side.configure(walk.configuration.connection_id, title="second", activate=False).id


def test_a_row_that_a_stopped_worker_keeps_locked_stops_no_other_takeover(
    walk: Walk, runner: DeliveryRunner
):
    locked, other = walk.exported("one"), walk.exported("two")
    claim(walk, runner, locked)
    claim(walk, runner, other)
    leases = watch(walk)
    leases.look()
    walk.clock.advance(timedelta(hours=1))
    with walk.side.database.write() as work:
        held = runner._records.load(work, locked, 1)
        assert runner._records._update(work, held, {"updated_at": walk.clock.now()})  # type: ignore[arg-type]
        assert Beside(leases.look).ends()
    assert walk.side.detail(other).delivery.status is DeliveryStatus.WAITING
    assert walk.side.detail(locked).delivery.status is DeliveryStatus.RUNNING


def test_a_decision_made_while_a_pass_begins_leaves_nothing_held(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
):
    delivery_id = walk.exported()
    document_id = hold_document(walk, delivery_id)
    whole = DocumentService.is_held
    deciding: list[Beside] = []

    def meanwhile(
        documents: DocumentService, access: ScopedWork[OrganizationScope], asked_id: str
    ) -> bool:
        found = whole(documents, access, asked_id)
        if not deciding:
            deciding.append(Beside(lambda: decide(walk, document_id)))
            deciding[0].ends_or_waits(walk.side.database)
        return found

    monkeypatch.setattr(DocumentService, "is_held", meanwhile)
    runner.run(delivery_id)
    assert deciding[0].ends()
    assert walk.run(runner, delivery_id).kind in (OutcomeKind.DONE, OutcomeKind.SETTLED)
    assert walk.side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED


def test_a_decision_and_the_end_of_a_delivery_of_one_document_do_not_wait_in_a_circle(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
):
    ending = walk.exported()
    document_id = walk.side.detail(ending).delivery.document_id
    held = export_again(walk, document_id, second_configuration(walk))
    has_document, deciding = threading.Event(), []
    whole = ReviewService.require_free

    def slow(*arguments: Any, **named: Any) -> object:
        found = whole(*arguments, **named)
        has_document.set()
        threading.Event().wait(BRIEFLY)
        return found

    def meanwhile(method: str, path: str) -> None:
        if method == "POST" and PUBLISH in path and not deciding:
            hold_document(walk, ending)
            with closing(walk.side.runner()) as other:
                assert other.run(held).kind is OutcomeKind.SETTLED
            monkeypatch.setattr(ReviewService, "require_free", slow)
            deciding.append(Beside(lambda: decide(walk, document_id)))
            assert has_document.wait(PATIENCE)

    walk.proxy.after_commit = meanwhile
    assert runner.run(ending).kind is OutcomeKind.DONE
    assert deciding[0].ends()
    assert walk.run(runner, held).kind is OutcomeKind.DONE


def test_a_document_that_is_exported_again_while_a_delivery_ends_is_not_shown_as_exported(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
):
    delivery_id = walk.exported()
    document_id = walk.side.detail(delivery_id).delivery.document_id
    second = second_configuration(walk)
    whole = status.derive_status
    exporting: list[Beside] = []

    def meanwhile(latest: Iterable[Delivery], active: frozenset[str]) -> DocumentStatus:
        found = whole(latest, active)
        if found is DocumentStatus.EXPORTED and not exporting:
            exporting.append(Beside(lambda: export_again(walk, document_id, second)))
            exporting[0].ends_or_waits(walk.side.database)
        return found

    monkeypatch.setattr(status, "derive_status", meanwhile)
    assert runner.run(delivery_id).kind is OutcomeKind.DONE
    assert exporting[0].ends()
    assert walk.side.status(document_id) == DocumentStatus.EXPORTING
