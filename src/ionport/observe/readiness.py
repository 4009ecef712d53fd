"""Whether this process can do its work now: what `/readyz` answers.

Anybody may ask, so that one check serves all requests within a second, and there is never more than
one under way: it takes one place among the writers at most.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ionport.core.clock import Clock
from ionport.core.files import try_writing
from ionport.migrations import current_revision
from ionport.store import Database, SystemScope
from ionport.store.readiness_repository import ReadinessRepository

LIMIT_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 1.0
# How many sweeps of an idle engine may be missing.
SILENT_AFTER: Final = 30.0
_SYSTEM = SystemScope("readiness")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found: for each part its problem, or an empty text.

    `sweep_age` is the age in seconds of the engine's last sweep, where deliveries are run.
    """

    parts: Mapping[str, str]
    sweep_age: float | None = None

    @property
    def is_ready(self) -> bool:
        return not any(self.parts.values())


class Readiness:
    """Looks at what this process needs: its data folder, its database, its deliveries.

    `schema` is the revision that the database must have: another process may have upgraded it.
    `sweep_age` tells how many seconds ago the engine looked through the ledger to the end, None
    when it never has; without it this process runs no deliveries.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        clock: Clock,
        *,
        schema: str = "",
        sweep_age: Callable[[], float | None] | None = None,
        limit_seconds: float = LIMIT_SECONDS,
        kept_seconds: float = KEPT_SECONDS,
    ) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock
        self._limit = limit_seconds
        self._kept = kept_seconds
        self._parts: dict[str, Callable[[], str]] = {
            "data_folder": self._data_folder,
            "database": self._takes_a_row,
        }
        self._schema = schema
        if schema:
            self._parts["schema"] = self._has_schema
        self._sweep_age = sweep_age
        if sweep_age is not None:
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
                # A client may disconnect; the others go on waiting.
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
        found.set_result(Look(parts, self._sweep_age() if self._sweep_age else None))

    def _data_folder(self) -> str:
        try_writing(self._folder)
        return ""

    def _takes_a_row(self) -> str:
        with self._database.write() as work:
            ReadinessRepository(work.connection).mark(_SYSTEM, self._clock.now())
        return ""

    def _has_schema(self) -> str:
        found = current_revision(self._database)
        if found == self._schema:
            return ""
        return f"the schema is {found or 'none'}, this process knows {self._schema}: restart it"

    def _deliveries(self) -> str:
        age = self._sweep_age() if self._sweep_age else None
        if age is None:
            return "the engine has not looked into the ledger yet"
        return "" if age < SILENT_AFTER else f"the engine last looked {age:.0f} s ago"


def _reason(error: Exception) -> str:
    """Return a reason that anybody may read: of SQLite or the system, nothing of a network."""
    if isinstance(error, OSError):
        return error.strerror or "it cannot be used"
    if isinstance(error, DBAPIError) and type(error.orig).__module__ == "sqlite3":
        return str(error.orig)
    return "it cannot be reached" if isinstance(error, SQLAlchemyError) else "it cannot be used"
