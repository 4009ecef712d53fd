"""What is asked of a document before its export stays true until the delivery is committed.

On PostgreSQL transactions run beside each other; on SQLite one by one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from ionport.core.errors import Conflict
from ionport.documents.review.approvals import ApprovalPolicy
from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.exports.delivery_making import DeliveryMaking
from ionport.exports.document_deliveries import DocumentDeliveries
from ionport.exports.engine.passes.model import RunningPass
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import DeliveryStatus, OutcomeKind
from ionport.identity.access import Access
from tests.support.beside import Beside
from tests.support.exporting import OPERATOR
from tests.support.patience import PATIENCE
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
ITEMS = "/IDM/api/items"


@contextmanager
def _meanwhile(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]
) -> Iterator[list[Beside]]:
    """Begin an action when a document that is exported was looked at, and nothing was made yet."""
    whole, begun = DeliveryMaking.make, list[Beside]()

    def make(*arguments: Any, **named: Any) -> object:
        if not begun:
            begun.append(Beside(action))
            begun[0].ends_or_waits(walk.side.database)
        return whole(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(DeliveryMaking, "make", make)
        yield begun


def _export(walk: Walk, document_id: str) -> None:
    with walk.side.database.write() as work:
        walk.side.deliveries.export(Access(work, walk.side.scope, OPERATOR), document_id)


def _pending(walk: Walk, document_id: str) -> list[str]:
    with walk.side.database.read() as work:
        found = walk.side.deliveries.of_document(
            Access(work, walk.side.scope, OPERATOR), document_id
        )
    return [each.configuration_title for each in found if each.status is DeliveryStatus.PENDING]


def test_a_retry_and_an_export_through_the_configuration_that_replaced_it_make_one_delivery(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk.proxy.fault("POST", ITEMS, "refuse", status=400)
    failed = walk.exported("AT-ONCE-1")
    document_id = walk.side.detail(failed).delivery.document_id
    assert walk.run(runner, failed).kind is OutcomeKind.FAILED
    with walk.side.database.write() as work:
        walk.side.configurations.delete(
            Access(work, walk.side.scope, OPERATOR), walk.configuration.id
        )
    walk.side.configure(walk.configuration.connection_id, title="The new one")

    def retry() -> None:
        with walk.side.database.write() as work:
            walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), failed)

    with _meanwhile(walk, monkeypatch, retry) as begun:
        _export(walk, document_id)
        with pytest.raises(Conflict, match="The new one"):
            begun[0].ends()
    assert _pending(walk, document_id) == ["The new one"]


def test_two_exports_while_one_configuration_replaces_another_make_one_delivery(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = walk.side.receive("AT-ONCE-2")

    def replace_and_export() -> None:
        with walk.side.database.write() as work:
            walk.side.configurations.deactivate(
                Access(work, walk.side.scope, OPERATOR), walk.configuration.id
            )
        walk.side.configure(walk.configuration.connection_id, title="The new one")
        _export(walk, document_id)

    with _meanwhile(walk, monkeypatch, replace_and_export) as begun:
        _export(walk, document_id)
        begun[0].ends()
    assert len(_pending(walk, document_id)) == 1


class _OfOneNumber(ApprovalPolicy):
    """Asks for an approval of the invoice with this number."""

    def needed(self, fields: Mapping[str, str]) -> int:
        return int(fields.get("invoice_id") == "AT-ONCE-LARGE")


def test_what_is_corrected_while_the_document_is_exported_needs_its_approvals(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either the export is first and the correction finds it, or the corrected value counts."""
    documents = walk.side.documents
    documents.review.policy_of = lambda *_asked: _OfOneNumber()
    document_id = walk.side.receive("AT-ONCE-3")
    order: list[str] = []

    def correct() -> None:
        documents.corrections.correct(
            walk.side.database,
            walk.side.scope,
            OPERATOR,
            document_id,
            {"invoice_id": "AT-ONCE-LARGE"},
        )
        order.append("corrected")

    with _meanwhile(walk, monkeypatch, correct) as begun:
        try:
            with keeping_findings(walk.side.database) as work:
                walk.side.deliveries.export(Access(work, walk.side.scope, OPERATOR), document_id)
            order.append("exported")
        except DocumentHeld:
            order.append("held")
        begun[0].ends()
    assert order in (["exported", "corrected"], ["corrected", "held"])


def test_a_correction_that_meets_an_export_finds_the_delivery_that_it_has_made(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being sent is not corrected: the document would say something else than the item."""
    document_id = walk.side.receive("AT-ONCE-4")
    committed, whole = threading.Event(), DocumentDeliveries.lock

    def lock(*arguments: Any) -> object:
        found = whole(*arguments)
        committed.wait(PATIENCE)
        return found

    def correct() -> None:
        walk.side.documents.corrections.correct(
            walk.side.database, walk.side.scope, OPERATOR, document_id, {"invoice_id": "OTHER"}
        )

    monkeypatch.setattr(DocumentDeliveries, "lock", lock)
    with walk.side.database.write() as work:
        (made,) = walk.side.deliveries.export(Access(work, walk.side.scope, OPERATOR), document_id)
        assert isinstance(runner._records.claim(work, made.id, 1), RunningPass)
        correcting = Beside(correct)
        correcting.ends_or_waits(walk.side.database)
    committed.set()
    with pytest.raises(Conflict, match="being exported at this moment"):
        correcting.ends()
