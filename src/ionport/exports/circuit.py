"""Circuit breakers: a connection that does not answer pauses, and only that connection."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from ionport.core.clock import Clock
from ionport.exports.attempts import Problem
from ionport.exports.timing import ExportTiming

# Nobody is there, or the gateway says that nobody is behind it. Answers of Infor do not count.
_NOBODY = frozenset({502, 503, 504})


@dataclass(slots=True)
class _State:
    failures: int = 0
    pauses: int = 0
    until: datetime | None = None


class Circuits:
    """Counts failures in a row for each connection, in this process; thread safe.

    After `pause_after` failures the connection's deliveries wait instead of each spending a slot
    on a time-out. When the pause is over one of them tries; the others follow if it gets through.
    """

    def __init__(self, clock: Clock, timing: ExportTiming) -> None:
        self._clock = clock
        self._timing = timing
        self._states: dict[str, _State] = {}
        self._lock = threading.Lock()

    def seconds_to_wait(self, connection_id: str) -> float:
        """Return how long calls over a connection have to wait now; 0 lets the caller try."""
        now = self._clock.now()
        with self._lock:
            state = self._states.get(connection_id)
            if state is None or state.until is None:
                return 0.0
            left = (state.until - now).total_seconds()
            if left > 0:
                return left
            # The caller is the one that tries; the next ones wait for what becomes of it.
            state.until = now + timedelta(seconds=self._timing.pause)
            return 0.0

    def report(self, connection_id: str, problem: Problem | None) -> None:
        """Take how a call ended."""
        with self._lock:
            if problem is None or not _is_nobody(problem):
                self._states.pop(connection_id, None)
                return
            state = self._states.setdefault(connection_id, _State())
            state.failures += 1
            if state.failures >= self._timing.pause_after:
                longest = self._timing.longest_pause
                seconds = min(self._timing.pause * 2.0 ** min(state.pauses, 20), longest)
                state.until = self._clock.now() + timedelta(seconds=seconds)
                state.pauses += 1


def _is_nobody(problem: Problem) -> bool:
    return problem.transient and (problem.http_status is None or problem.http_status in _NOBODY)
