"""What the engine reads from the ledger and writes there: each method is one transaction."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

from ionport.core.clock import BootClock
from ionport.core.i18n import _
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.places import ConnectionPlaces
from ionport.exports.ledger.takeover import take_over
from ionport.exports.ledger.worker_repository import WorkerRepository
from ionport.exports.model import CallEnd, DuePass, Lease
from ionport.exports.timing import ExportTiming
from ionport.store import Database, SystemScope

_SCOPE = SystemScope("scheduling deliveries")
# Steps of the wall clock below this are left alone: they delay nothing that matters.
_STEP = 5.0
# A time that was read before a step is written this much later at most: PostgreSQL ends a
# transaction after 30 s without a statement, and a statement may wait for a lock.
_LATE_WRITE = 60.0


class Schedule:
    """Heartbeats, leases, and what is due."""

    def __init__(
        self,
        database: Database,
        clock: BootClock,
        timing: ExportTiming,
        worker_id: str,
        places: ConnectionPlaces | None = None,
    ) -> None:
        self.worker_id = worker_id
        self._database = database
        self._clock = clock
        self._timing = timing
        self._places = places or ConnectionPlaces(worker_id, timing.silent_after)
        self._is_alone = False
        self._ahead = self._wall_ahead()
        self._looked_at = clock.boot()
        self._stepped_back_at = -math.inf

    def begin(self, *, is_alone: bool) -> None:
        """Sign on. Alone on the database, every pass under way is left over from an ended process.

        Its sockets are gone with it, so that its deliveries can be had at once; whether a call
        has arrived must be looked up.
        """
        self._is_alone = is_alone
        if is_alone:
            note = _("The process that ran it has ended.")
            for lease in self.leases():
                self.take_over(lease, CallEnd.ENDED, note)
        with self._database.write() as work:
            now = self._clock.now()
            workers = WorkerRepository(work.connection)
            if is_alone:
                workers.remove_all(_SCOPE)
            workers.beat(_SCOPE, self.worker_id, socket.gethostname(), os.getpid(), now)
        # The clock may have been set back while no worker ran.
        self._stepped_back_at = self._clock.boot()
        self.mend_clock_step()

    def end(self) -> None:
        """Sign off."""
        with self._database.write() as work:
            WorkerRepository(work.connection).remove(_SCOPE, self.worker_id)

    def beat(self, under_way: Sequence[str]) -> None:
        """Write the heartbeat, and keep the leases of passes that wait for a place or a token."""
        with self._database.write() as work:
            now = self._clock.now()
            workers = WorkerRepository(work.connection)
            workers.beat(_SCOPE, self.worker_id, socket.gethostname(), os.getpid(), now)
            PassRepository(work.connection).keep(_SCOPE, self.worker_id, under_way)

    def forget_silent(self) -> list[str]:
        """Delete the rows of workers without a heartbeat, not their leases; returns their ids."""
        since = self._clock.now() - timedelta(seconds=self._timing.silent_after)
        with self._database.read() as work:
            silent = WorkerRepository(work.connection).silent(_SCOPE, since)
        return [worker_id for worker_id in silent if self._forget(worker_id, since)]

    def active_workers(self) -> frozenset[str]:
        """Return the workers that have written a heartbeat lately, this one included."""
        since = self._clock.now() - timedelta(seconds=self._timing.silent_after)
        with self._database.read() as work:
            seen = WorkerRepository(work.connection).seen(_SCOPE, since)
        return frozenset((*seen, self.worker_id))

    def leases(self) -> list[Lease]:
        """Return the leases of all passes under way."""
        with self._database.read() as work:
            return PassRepository(work.connection).leases(_SCOPE)

    def take_over(self, lease: Lease, call_end: CallEnd, note: str) -> bool:
        """End a pass that its worker no longer runs; False when it was renewed meanwhile."""
        with self._database.write() as work:
            return take_over(work, lease, call_end, note, self._clock.now())

    def due(self, limit: int, busy: Sequence[str] = ()) -> Sequence[DuePass]:
        """Return what may be taken up, longest due first."""
        # Without a limit of places it is one statement.
        opened = self._database.read if self._places.limit else self._database.read_once
        with opened() as work:
            return self._places.due(work, self._clock.now(), limit, busy)

    def skip_pass(self, due: DuePass) -> bool:
        """Give a delivery another pass number, for a queue that has ended this one."""
        with self._database.write() as work:
            return PassRepository(work.connection).skip_pass(
                _SCOPE, due.delivery_id, due.pass_number
            )

    def pass_numbers(self, delivery_ids: Sequence[str]) -> dict[str, int]:
        """Return the pass numbers of deliveries that are not over."""
        with self._database.read() as work:
            return PassRepository(work.connection).pass_numbers(_SCOPE, delivery_ids)

    def is_idle(self) -> bool:
        """Tell whether nothing is under way and nothing will become due by itself."""
        with self._database.read() as work:
            passes = PassRepository(work.connection)
            return not passes.any_running(_SCOPE) and passes.next_due(_SCOPE) is None

    def seconds_to_next(self, longest: float) -> float:
        """Return how long to sleep: to the next moment something becomes due, or `longest`."""
        with self._database.read_once() as work:
            moment = PassRepository(work.connection).next_due(_SCOPE, after=self._clock.now())
        if moment is None:
            return longest
        return min(max((moment - self._clock.now()).total_seconds(), 0.0), longest)

    def mend_clock_step(self) -> None:
        """Make deliveries due that wait for a moment from before the clock was set back.

        For a while after a step, and after the start: a transaction that read the clock before may
        commit later. A wait that was written long before the step, and is longer, is shortened by
        the step. The latter only where this process is alone: elsewhere another machine's clock may
        have been right.
        """
        now, boot, ahead = self._clock.now(), self._clock.boot(), self._wall_ahead()
        if (step := self._ahead - ahead) > _STEP:
            self._stepped_back_at = boot
            if self._is_alone:
                self._shorten_waits(step, now, boot - self._looked_at)
        if boot - self._stepped_back_at <= _LATE_WRITE:
            self._bring_forward(now + timedelta(seconds=_STEP / 2), now)
        self._ahead, self._looked_at = ahead, boot

    def _wall_ahead(self) -> float:
        return self._clock.now().timestamp() - self._clock.boot()

    def _shorten_waits(self, step: float, now: datetime, since_last_look: float) -> None:
        # Rows written since the last look may have been written after the step.
        written_before = now - timedelta(seconds=since_last_look)
        with self._database.write() as work:
            PassRepository(work.connection).shorten_waits(
                _SCOPE, timedelta(seconds=step), written_before, now
            )

    def _bring_forward(self, written_after: datetime, now: datetime) -> None:
        with self._database.read() as work:
            if not PassRepository(work.connection).any_written_after(_SCOPE, written_after, now):
                return
        with self._database.write() as work:
            PassRepository(work.connection).bring_forward(_SCOPE, written_after, now)

    def _forget(self, worker_id: str, since: datetime) -> bool:
        with self._database.write() as work:
            return WorkerRepository(work.connection).remove(_SCOPE, worker_id, since)
