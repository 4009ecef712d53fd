"""Circuit breakers: a connection that does not answer pauses, and only that connection."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from ionport.core.clock import BootClock
from ionport.exports.ledger.attempts import Problem
from ionport.exports.timing import ExportTiming

# Nobody is there, or the gateway says that nobody is behind it. Answers of Infor do not count.
_NOBODY = frozenset({502, 503, 504})


@dataclass(slots=True)
class _State:
    failures: int = 0
    pauses: int = 0
    until: float | None = None
    opened_at: datetime | None = None


class Circuits:
    """Counts failures in a row for each connection, in this process; thread safe.

    After `pause_after` failures the connection's deliveries wait instead of each spending a slot
    on a time-out. When the pause is over one of them tries; the others follow if it gets through.
    Pauses count on the boot clock.
    """

    def __init__(self, clock: BootClock, timing: ExportTiming) -> None:
        self._clock = clock
        self._timing = timing
        self._states: dict[str, _State] = {}
        self._lock = threading.Lock()

    def seconds_to_wait(self, connection_id: str) -> float:
        """Return how long calls over a connection have to wait now; 0 lets the caller try."""
        now = self._clock.boot()
        with self._lock:
            state = self._states.get(connection_id)
            if state is None or state.until is None:
                return 0.0
            left = state.until - now
            if left > 0:
                return left
            # The caller is the one that tries; the next ones wait for what becomes of it.
            state.until = now + self._timing.pause
            return 0.0

    def opened_at(self, connection_id: str) -> datetime | None:
        """Return since when, by the wall clock, a connection pauses; None when it does not."""
        with self._lock:
            state = self._states.get(connection_id)
            return state.opened_at if state else None

    def report(self, connection_id: str, problem: Problem | None) -> bool:
        """Take how a call ended; True when it ended the connection's pause."""
        with self._lock:
            if problem is None or not _is_nobody(problem):
                state = self._states.pop(connection_id, None)
                return state is not None and state.until is not None
            state = self._states.setdefault(connection_id, _State())
            state.failures += 1
            if state.failures >= self._timing.pause_after:
                longest = self._timing.longest_pause
                seconds = min(self._timing.pause * 2.0 ** min(state.pauses, 20), longest)
                state.until = self._clock.boot() + seconds
                state.opened_at = state.opened_at or self._clock.now()
                state.pauses += 1
            return False


def _is_nobody(problem: Problem) -> bool:
    return problem.transient and (problem.http_status is None or problem.http_status in _NOBODY)
