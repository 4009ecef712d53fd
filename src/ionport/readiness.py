"""Whether this process can do its work now: what `/readyz` answers.

Anybody may ask, so that one look serves all who ask within a second, and there is never more than
one under way: it takes one place among the writers at most.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ionport.core.clock import Clock
from ionport.core.files import try_writing
from ionport.exports.ledger.worker_repository import WorkerRepository
from ionport.exports.timing import ExportTiming
from ionport.store import Database, SystemScope
from ionport.store.readiness_repository import ReadinessRepository

LIMIT_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 1.0
_SYSTEM = SystemScope("readiness")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found: for each part its problem, or an empty text."""

    parts: Mapping[str, str]

    @property
    def is_ready(self) -> bool:
        return not any(self.parts.values())


class Readiness:
    """Looks at what this process needs: its data folder, its database, its deliveries.

    With `runs_deliveries` the process has shown itself to the ledger lately, as it does at each
    heartbeat while its engine lives.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        clock: Clock,
        *,
        runs_deliveries: bool,
        timing: ExportTiming | None = None,
        limit_seconds: float = LIMIT_SECONDS,
        kept_seconds: float = KEPT_SECONDS,
    ) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock
        self._stopped_after = timedelta(seconds=(timing or ExportTiming()).stopped_after)
        self._limit = limit_seconds
        self._kept = kept_seconds
        self._parts: dict[str, Callable[[], str]] = {
            "data_folder": self._data_folder,
            "database": self._takes_a_row,
        }
        if runs_deliveries:
            self._parts["deliveries"] = self._deliveries
        self._looking = threading.Lock()
        self._began = 0.0
        self._under_way: Future[Look] | None = None
        self._at = ""

    async def look(self) -> Look:
        """Return what is found, within `limit_seconds` whatever happens."""
        found, began = self._current()
        left = began + self._limit - time.monotonic()
        if left > 0 and not found.done():
            await asyncio.wait([asyncio.wrap_future(found)], timeout=left)
        if found.done():
            return found.result()
        return Look({self._at: f"no answer within {self._limit:g} seconds"})

    def _current(self) -> tuple[Future[Look], float]:
        with self._looking:
            now = time.monotonic()
            running = self._under_way
            is_over = running is None or (running.done() and now - self._began > self._kept)
            if running is None or is_over:
                self._began, self._under_way = now, running = now, Future()
                # Whoever asked may go away; the others wait on.
                running.set_running_or_notify_cancel()
                threading.Thread(
                    target=self._look, args=(running,), name="readiness", daemon=True
                ).start()
            return running, self._began

    def _look(self, found: Future[Look]) -> None:
        parts = {}
        for name, look in self._parts.items():
            self._at = name
            try:
                parts[name] = look()
            except Exception as error:
                _logger.warning("not ready: %s", name, exc_info=True)
                parts[name] = _reason(error)
        found.set_result(Look(parts))

    def _data_folder(self) -> str:
        try_writing(self._folder)
        return ""

    def _takes_a_row(self) -> str:
        with self._database.write() as work:
            ReadinessRepository(work.connection).mark(_SYSTEM, self._clock.now())
        return ""

    def _deliveries(self) -> str:
        with self._database.read() as work:
            heartbeats = WorkerRepository(work.connection)
            seen = heartbeats.last_seen(_SYSTEM, socket.gethostname(), os.getpid())
        if seen is None:
            return "the engine has not shown itself"
        age = self._clock.now() - seen
        return (
            ""
            if age < self._stopped_after
            else f"the engine was seen {age.total_seconds():.0f} s ago"
        )


def _reason(error: Exception) -> str:
    """Return what strangers may read: what SQLite or the system says, nothing of a network."""
    if isinstance(error, OSError):
        return error.strerror or "it cannot be used"
    if isinstance(error, DBAPIError) and type(error.orig).__module__ == "sqlite3":
        return str(error.orig)
    return "it cannot be reached" if isinstance(error, SQLAlchemyError) else "it cannot be used"
