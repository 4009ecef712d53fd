"""Calls whose answer may be lost: when this process first saw them, and which are looked up."""

from __future__ import annotations

import threading

from cachetools import FIFOCache

from ionport.core.clock import BootClock
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.port import AnyCall
from ionport.exports.engine.passes.model import SYSTEM, RunningPass
from ionport.exports.ledger.attempts import miss_counts_after
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import Attempt, AttemptState, StepStatus
from ionport.exports.timing import ExportTiming
from ionport.store import Database, Work

_REMEMBERED = 10_000


class LostCalls:
    """When attempts were first seen, on the boot clock and in memory; thread safe.

    A process that starts, or has forgotten, counts anew: that only makes a wait longer.
    """

    def __init__(self, clock: BootClock, timing: ExportTiming) -> None:
        self._clock = clock
        self._timing = timing
        self._first: FIFOCache[str, float] = FIFOCache(_REMEMBERED)
        self._lock = threading.Lock()

    def note(self, attempt_id: str) -> float:
        """Return when an attempt was first seen: now, if it is new."""
        with self._lock:
            return self._first.setdefault(attempt_id, self._clock.boot())

    def seconds_until_a_miss_counts(self, lost: Attempt) -> float:
        """Return how long a look-up without a hit still proves nothing; 0 or less: it counts."""
        passed = self._clock.boot() - self.note(lost.id)
        return miss_counts_after(lost, self._timing) - passed


def earlier_attempts(
    database: Database, running: RunningPass, call: AnyCall
) -> tuple[Attempt | None, Attempt | None]:
    """Return the attempt that a late answer has confirmed, and the lost one to look up.

    There can be both: the second still decides whether there are two items.
    """
    kind = call.kind
    if running.steps[kind].attempts == 0:
        return None, None
    with database.read() as work:
        ledger = LedgerRepository(work.connection)
        confirmed = ledger.succeeded(SYSTEM, running.delivery.id, kind)
        last = ledger.last_attempt(SYSTEM, running.delivery.id, kind)
    if last is None or last.state not in (AttemptState.UNKNOWN, AttemptState.SENT):
        last = None
    return confirmed, last if can_look_up(running, call) else None


def has_lost_call(work: Work, running: RunningPass) -> bool:
    """Tell whether a call of the delivery has no answer, and can be looked up."""
    lost = {
        attempt.step
        for attempt in LedgerRepository(work.connection).attempts(SYSTEM, running.delivery.id)
        if attempt.state in (AttemptState.UNKNOWN, AttemptState.SENT)
    }
    return any(
        call.kind in lost
        and not running.steps[call.kind].status.is_over
        and can_look_up(running, call)
        for call in destination_of(running.delivery.method).calls
    )


def can_look_up(running: RunningPass, call: AnyCall) -> bool:
    """Tell whether a call can be looked up: some targets cannot, others need a correlation id."""
    if call.look_up is None:
        return False
    return running.steps[call.look_up.kind].status is not StepStatus.SKIPPED
