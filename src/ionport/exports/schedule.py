"""What the engine asks of the ledger, and the signs of life of its workers."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from ionport.core.clock import Clock
from ionport.exports.ledger_repository import WorkerRepository
from ionport.exports.repository import DeliveryRepository
from ionport.store import Database, SystemScope

_SCOPE = SystemScope("scheduling deliveries")


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that somebody may take up."""

    id: str
    connection_id: str
    method: str


class Schedule:
    """Each method is one short transaction of its own."""

    def __init__(
        self, database: Database, clock: Clock, worker_id: str, silent_after: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._worker_id = worker_id
        self._silent_after = timedelta(seconds=silent_after)

    def begin(self, *, alone: bool) -> None:
        """Sign on. Alone on the database, whatever is leased is left over from a dead process."""
        with self._database.write() as work:
            workers = WorkerRepository(work.connection)
            now = self._clock.now()
            if alone:
                workers.remove_all(_SCOPE)
                DeliveryRepository(work.connection).release(_SCOPE, None, now)
            workers.beat(_SCOPE, self._worker_id, socket.gethostname(), os.getpid(), now)

    def end(self, *, free: bool) -> None:
        """Sign off; with `free` what this worker did not finish can be had at once.

        Otherwise its leases run on: a call of it may still be under way.
        """
        with self._database.write() as work:
            WorkerRepository(work.connection).remove(_SCOPE, self._worker_id)
            if free:
                now = self._clock.now()
                DeliveryRepository(work.connection).release(_SCOPE, self._worker_id, now)

    def beat(self) -> None:
        """Give a sign of life."""
        with self._database.write() as work:
            WorkerRepository(work.connection).beat(
                _SCOPE, self._worker_id, socket.gethostname(), os.getpid(), self._clock.now()
            )

    def bury_silent(self) -> list[str]:
        """Free what silent workers held; of several callers one frees it. Returns who."""
        now = self._clock.now()
        since = now - self._silent_after
        with self._database.read() as work:
            silent = WorkerRepository(work.connection).silent(_SCOPE, since)
        buried = []
        for worker_id in silent:
            with self._database.write() as work:
                if WorkerRepository(work.connection).remove(_SCOPE, worker_id, since):
                    DeliveryRepository(work.connection).release(_SCOPE, worker_id, now)
                    buried.append(worker_id)
        return buried

    def alive(self) -> frozenset[str]:
        """Return the workers that have given a sign of life lately, this one included."""
        since = self._clock.now() - self._silent_after
        with self._database.read() as work:
            seen = WorkerRepository(work.connection).seen(_SCOPE, since)
        return frozenset((*seen, self._worker_id))

    def due(self, limit: int) -> list[DueDelivery]:
        """Return what may be taken up, longest due first."""
        with self._database.read() as work:
            rows = DeliveryRepository(work.connection).due(_SCOPE, self._clock.now(), limit)
        return [DueDelivery(*row) for row in rows]

    def next_due(self) -> datetime | None:
        """Return when the next unfinished delivery becomes due; None when there is none."""
        with self._database.read() as work:
            return DeliveryRepository(work.connection).next_due(_SCOPE)

    def seconds_to_next(self, longest: float) -> float:
        """Return how long to sleep: to the next moment something becomes due, or `longest`."""
        with self._database.read() as work:
            moment = DeliveryRepository(work.connection).next_due(_SCOPE, after=self._clock.now())
        if moment is None:
            return longest
        return min(max((moment - self._clock.now()).total_seconds(), 0.0), longest)
