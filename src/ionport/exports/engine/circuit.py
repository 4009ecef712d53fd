"""Circuit breakers: a connection that does not answer pauses, and only that connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from ionport.connections.quota.limiting import Reached
from ionport.connections.quota.service import CALLS, UsageService, Used
from ionport.connections.repository import ConnectionRepository
from ionport.core.clock import BootClock
from ionport.core.http.circuits import CircuitBreakers
from ionport.core.i18n import _, number_text
from ionport.core.sentences import joined
from ionport.exports.engine.passes.model import SYSTEM, RunningPass
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.ledger.attempts import Problem
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.model import NO_SERVER_ANSWERS, QUOTA_USED_UP, Outcome, StepKind
from ionport.exports.timing import ExportTiming
from ionport.ionapi.tokens.shared import SIGN_ON_LIMIT
from ionport.store import Database, Work

# The server cannot be reached, or the gateway cannot reach the service. Answers of Infor do not
# count.
_NOBODY = frozenset({502, 503, 504})


class Circuits:
    """Counts calls in a row without an answer, for each connection; thread safe.

    After `pause_after` of them the connection's deliveries wait instead of each spending a slot
    on a time-out. When the pause is over one of them tries; the others follow if it gets through.
    Pauses count on the boot clock.
    """

    def __init__(self, clock: BootClock, timing: ExportTiming) -> None:
        self._clock = clock
        self._breakers = CircuitBreakers(
            clock.boot,
            after=timing.pause_after,
            pause=timing.pause,
            longest=timing.longest_pause,
        )
        self._opened: dict[str, datetime] = {}
        self._reasons: dict[str, str] = {}
        self._lock = threading.Lock()

    def seconds_to_wait(self, connection_id: str) -> float:
        """Return how long calls over a connection have to wait now; 0 lets the caller try."""
        with self._lock:
            return self._breakers.seconds_to_wait(connection_id)

    def count_open(self) -> int:
        """Return how many connections pause."""
        with self._lock:
            return len(self._opened)

    def opened_at(self, connection_id: str) -> datetime | None:
        """Return since when, by the wall clock, a connection pauses; None when it does not."""
        with self._lock:
            return self._opened.get(connection_id)

    def reason(self, connection_id: str) -> str:
        """Return why the last call over a connection has failed."""
        with self._lock:
            return self._reasons.get(connection_id, "")

    def retry(self, connection_id: str) -> bool:
        """Let one caller try before the pause is over; True for that one."""
        with self._lock:
            if connection_id in self._opened:
                self._opened[connection_id] = self._clock.now()
            self._breakers.retry(connection_id)
            return self._breakers.seconds_to_wait(connection_id) <= 0

    def report(self, connection_id: str, problem: Problem | None) -> bool:
        """Count a call's result; True when it ended the connection's pause."""
        with self._lock:
            if problem is None or not _is_nobody(problem):
                self._opened.pop(connection_id, None)
                self._reasons.pop(connection_id, None)
                return self._breakers.succeeded(connection_id)
            if self._breakers.failed(connection_id):
                self._opened.setdefault(connection_id, self._clock.now())
                self._reasons[connection_id] = problem.text
            return False


def _is_nobody(problem: Problem) -> bool:
    return problem.transient and (problem.http_status is None or problem.http_status in _NOBODY)


class WriteWithRetries(Protocol):
    """Runs a function in a write transaction, again while the database cannot be reached."""

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
        usage: UsageService,
    ) -> None:
        self._usage = usage
        self._database = database
        self._clock = clock
        self._records = records
        self._circuits = Circuits(clock, timing)
        self._write = write

    def count_open(self) -> int:
        """Return how many connections pause."""
        return self._circuits.count_open()

    def wait_for(self, running: RunningPass, kind: StepKind) -> Outcome | None:
        """End the pass while its connection pauses or has used a limit up; None: it may call."""
        connection_id = running.delivery.connection_id
        used_up = self._usage.reached(self._database, connection_id, CALLS)
        if used_up is not None:
            with self._database.write() as work:
                return self._records.rest_until(work, running, _used_up(used_up), used_up.until)
        pause = self._circuits.seconds_to_wait(connection_id)
        if pause <= 0:
            return None
        with self._database.write() as work:
            opened = self._circuits.opened_at(connection_id)
            if opened is None:
                # A call has succeeded since the pause was read, and has freed what waited for it.
                return None
            if PassRepository(work.connection).delivered_since(SYSTEM, connection_id, opened):
                # A call of another process has succeeded.
                self._circuits.report(connection_id, None)
                return None
            tried = ConnectionRepository(work.connection).tried_at(SYSTEM, connection_id)
            if tried is not None and tried > opened and self._circuits.retry(connection_id):
                return None
            problem = _pause(self._circuits.reason(connection_id))
            return self._records.wait(work, running, kind, problem, pause)

    def report(self, running: RunningPass, problem: Problem | None) -> None:
        """Count a call's result; the first success frees the deliveries that wait for it."""
        connection_id = running.delivery.connection_id
        if problem is not None and problem.code == SIGN_ON_LIMIT:
            # Nobody was asked.
            return
        if self._circuits.report(connection_id, problem):
            self._write(
                lambda work: PassRepository(work.connection).free(
                    SYSTEM, NO_SERVER_ANSWERS, self._clock.now(), connection_id=connection_id
                )
            )


def _used_up(reached: Reached) -> Problem:
    text = _("{what}: the limit of {limit} is used up; the delivery waits until it is not.")
    remedy = _("A higher limit that Infor has agreed to is noted on the page of the connection.")
    what = Used(reached.name, reached.limit, reached.limit).label
    told = text.format(what=what, limit=number_text(reached.limit))
    return Problem(QUOTA_USED_UP, told, remedy, transient=True)


def _pause(reason: str) -> Problem:
    text = _("Nobody answered several calls in a row; calls over this connection pause.")
    return Problem(NO_SERVER_ANSWERS, joined(text, reason), transient=True)
