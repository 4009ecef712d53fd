"""DBOS's own database: its file, its lock, and whether it is still the one we started with."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from pathlib import Path
from typing import TextIO

from sqlalchemy import Engine, create_engine, event, make_url

from ionport.core.errors import Unavailable
from ionport.core.i18n import _


class SchedulerDatabase:
    """Where DBOS keeps what is under way. Losing it loses nothing (DESIGN.md, decision 4)."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._engine: Engine | None = None
        self._identity: tuple[int, int] | None = None
        self._lock: TextIO | None = None

    @property
    def _path(self) -> Path:
        return Path(self._url.database or "")

    def acquire(self) -> None:
        """Take the SQLite file for this process: two of them would share out nothing.

        Raises:
            Unavailable: another process has it.
        """
        if not self.is_sqlite:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = self._path.with_name(f"{self._path.name}.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise Unavailable(
                _(
                    "Another process runs deliveries on this data folder. With SQLite there can"
                    " be one; use PostgreSQL for several workers."
                ),
                code="deliveries_run_elsewhere",
            ) from error
        self._lock = lock

    def release(self) -> None:
        """Give the file back."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def open_engine(self) -> Engine | None:
        """Return the engine for SQLite; None on PostgreSQL, where DBOS makes its own."""
        if self.is_sqlite:
            self._engine = create_engine(self._url, pool_size=20, max_overflow=0)
            event.listen(self._engine, "connect", _prepare)
        return self._engine

    @property
    def url(self) -> str:
        """The address with its password, for DBOS."""
        return self._url.render_as_string(hide_password=False)

    def remember(self) -> None:
        """Note which file it is."""
        self._identity = self._look()

    def was_replaced(self) -> bool:
        """Tell whether the SQLite file is no longer the one that `remember` saw."""
        return self.is_sqlite and self._look() != self._identity

    def discard(self) -> None:
        """Remove what is left of it, before DBOS makes a new one."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        if self.is_sqlite:
            # An orphaned write-ahead log must not meet a new file.
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)

    def _look(self) -> tuple[int, int] | None:
        if not self.is_sqlite:
            return None
        try:
            found = os.stat(self._path)  # noqa: PTH116 (device and inode are wanted)
        except FileNotFoundError:
            return (0, 0)
        return (found.st_dev, found.st_ino)


class RepeatFilter(logging.Filter):
    """Lets a message pass once in some seconds: a lost database makes DBOS log without end."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._seen: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is logged."""
        key = str(record.msg)[:60]
        now = time.monotonic()
        if now - self._seen.get(key, float("-inf")) < self._seconds:
            return False
        if len(self._seen) > 1_000:
            self._seen.clear()
        self._seen[key] = now
        return True


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # DBOS relies on it, as its own engine does so.
    connection.isolation_level = "IMMEDIATE"
    for pragma in (
        "busy_timeout=30000",
        "journal_mode=WAL",
        # The ledger is the truth: what DBOS forgets in a power cut, the sweep starts again.
        "synchronous=NORMAL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
