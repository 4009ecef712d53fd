"""Deliveries of whose calls nobody knows whether they have arrived."""

from __future__ import annotations

from dataclasses import replace

from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import AttemptState, DeliveryStatus, StepStatus
from ionport.store import SystemScope, Work

_SCOPE = SystemScope("test")


def lose_answers(work: Work, delivery_id: str) -> None:
    """Let a delivery have failed at its last call, whose answer nobody has."""
    ledger = LedgerRepository(work.connection)
    last = ledger.attempts(_SCOPE, delivery_id)[-1]
    lost = replace(last, state=AttemptState.UNKNOWN)
    assert ledger.settle_attempt(_SCOPE, lost, expected=last.state)
    ledger.update_step(_SCOPE, delivery_id, last.step, {"status": StepStatus.FAILED})
    failed = {"status": DeliveryStatus.FAILED, "due_at": None, "finished_at": last.sent_at}
    assert DeliveryRepository(work.connection).update(_SCOPE, delivery_id, failed)
