"""A decision that comes while a delivery runs: nothing more leaves, what was sent is looked up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ionport.exports.engine.calls import TargetCalls
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import DeliveryStatus, OutcomeKind
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR
from tests.unit.exports.conftest import Walk
from tests.unit.exports.engine.test_runner import ITEMS, create_states

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def _decide(walk: Walk, delivery_id: str, name: str) -> str:
    document_id = walk.side.detail(delivery_id).delivery.document_id
    with walk.side.database.write() as work:
        decide = getattr(walk.side.documents.decisions, name)
        decide(Access(work, walk.side.scope, OPERATOR), document_id, "asked the buyer")
    return document_id


@pytest.mark.parametrize("decision", ["hold", "reject", "delete"])
def test_a_delivery_that_has_begun_makes_no_call_after_the_decision(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch, decision: str
) -> None:
    delivery_id = walk.exported()
    make = TargetCalls.make

    def decided_first(calls: TargetCalls, *arguments: object) -> object:
        monkeypatch.setattr(TargetCalls, "make", make)
        _decide(walk, delivery_id, decision)
        return make(calls, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(TargetCalls, "make", decided_first)
    assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
    detail = walk.side.detail(delivery_id)
    assert walk.items(detail) == []
    assert detail.delivery.is_held
    document_id = detail.delivery.document_id
    with walk.side.database.write() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        made = walk.side.documents.decisions.list(access, document_id)
        walk.side.documents.decisions.undo(access, document_id, made[-1].id)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1
    assert walk.side.status(document_id) == "exported"


def test_what_was_sent_of_a_rejected_document_is_looked_up_and_nothing_follows(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id = walk.exported()
    walk.proxy.fault("POST", ITEMS, "cut")
    outcome = runner.run(delivery_id)
    assert outcome.kind is OutcomeKind.WAIT
    document_id = _decide(walk, delivery_id, "reject")
    walk.clock.advance(timedelta(seconds=outcome.seconds))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.SETTLED
    detail = walk.side.detail(delivery_id)
    assert create_states(walk, delivery_id) == ["sent>unknown>succeeded"]
    assert (detail.delivery.status, detail.delivery.is_held) == (DeliveryStatus.WAITING, True)
    assert walk.messages(detail) == []
    assert walk.side.status(document_id) == "rejected"


def test_a_delivery_that_waits_sends_what_the_document_says_after_a_correction(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id = walk.exported()
    walk.proxy.fault("POST", ITEMS, "refuse", status=429)
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    document_id = walk.side.detail(delivery_id).delivery.document_id
    values = {"invoice_id": "corrected-1"}
    walk.side.documents.corrections.correct(
        walk.side.database, walk.side.scope, OPERATOR, document_id, values
    )
    walk.clock.advance(timedelta(minutes=5))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    (item,) = walk.items(walk.side.detail(delivery_id))
    assert "corrected-1" in {attribute.value for attribute in item.attributes}
