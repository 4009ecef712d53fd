"""Ending a pass that its worker no longer runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ionport.exports.ledger.attempts import changed
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import AttemptState, CallEnd, DeliveryStatus, Lease
from ionport.store import SystemScope, Work

_SCOPE = SystemScope("taking over deliveries")


def take_over(work: Work, lease: Lease, call_end: CallEnd, note: str, now: datetime) -> bool:
    """End the pass of a lease; False when the lease was renewed since it was read.

    `call_end` is what is known of the call that may have been under way, `note` says why.
    """
    values = {
        "status": DeliveryStatus.WAITING,
        "worker_id": None,
        "sent_attempt_id": None,
        "due_at": now,
        "updated_at": now,
        "error_code": "worker_lost",
        "error_text": note,
        "remedy": "",
    }
    if not PassRepository(work.connection).take_over(_SCOPE, lease, values):
        return False
    if lease.sent_attempt_id is not None:
        ledger = LedgerRepository(work.connection)
        sent = ledger.attempt(_SCOPE, lease.sent_attempt_id)
        if sent is not None:
            lost = replace(changed(sent, AttemptState.UNKNOWN, now, note), call_end=call_end)
            ledger.settle_attempt(_SCOPE, lost, expected=AttemptState.SENT)
    return True
