"""Circuit breakers: a connection that does not answer pauses, and only that connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ionport.core.clock import BootClock
from ionport.core.i18n import _
from ionport.exports.engine.pass_records import SYSTEM, PassRecords, RunningPass
from ionport.exports.ledger.attempts import Problem
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.model import Outcome, StepKind
from ionport.exports.timing import ExportTiming
from ionport.store import Database, Work

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

    def count_open(self) -> int:
        """Return how many connections pause."""
        with self._lock:
            return sum(state.opened_at is not None for state in self._states.values())

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


class WriteWithRetries(Protocol):
    """Runs a function in a write transaction, again while the database is away."""

    def __call__(self, record: Callable[[Work], Any]) -> Any: ...


class ConnectionPauses:
    """The circuit breakers of connections, as passes ask them; thread safe."""

    def __init__(
        self,
        database: Database,
        clock: BootClock,
        records: PassRecords,
        timing: ExportTiming,
        write: WriteWithRetries,
    ) -> None:
        self._database = database
        self._clock = clock
        self._records = records
        self._circuits = Circuits(clock, timing)
        self._write = write

    def count_open(self) -> int:
        """Return how many connections pause."""
        return self._circuits.count_open()

    def wait_for(self, running: RunningPass, kind: StepKind) -> Outcome | None:
        """End the pass while its connection pauses; None: it may call."""
        connection_id = running.delivery.connection_id
        pause = self._circuits.seconds_to_wait(connection_id)
        if pause <= 0:
            return None
        with self._database.write() as work:
            opened = self._circuits.opened_at(connection_id)
            if opened is None:
                # A call got through since the pause was read, and has freed what waited for it.
                return None
            if PassRepository(work.connection).delivered_since(SYSTEM, connection_id, opened):
                # Another process got through.
                self._circuits.report(connection_id, None)
                return None
            return self._records.wait(work, running, kind, _pause(), pause)

    def report(self, running: RunningPass, problem: Problem | None) -> None:
        """Take how a call ended; the first one that gets through frees what waits for it."""
        connection_id = running.delivery.connection_id
        if self._circuits.report(connection_id, problem):
            self._write(
                lambda work: PassRepository(work.connection).free(
                    SYSTEM, _pause().code, self._clock.now(), connection_id=connection_id
                )
            )


def _pause() -> Problem:
    text = _("Infor did not answer several calls in a row; calls over this connection pause.")
    return Problem("connection_paused", text, transient=True)
