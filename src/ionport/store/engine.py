"""Engine and transactions: SQLite in one file by default, PostgreSQL by URL.

Transactions are opened and committed at the edge (a request, a command, a step), never in a
service (DESIGN.md, decision 3).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from ionport.store.partial import tell_postgresql
from ionport.store.schema import metadata
from ionport.store.work import Work

_BUSY_TIMEOUT_MS = 15_000
_POOL_TIMEOUT_SECONDS = 15
# For each connection at most: inserts into an index over a million random keys touch many pages.
_CACHE_KIB = 32_768


class Database:
    """One database, with the two kinds of transaction that the rooms use.

    Not `durable`, a SQLite file lives as long as the process: no commit waits for the disk.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.url = url
        self.engine = _create(url, durable=durable)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writing = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Work]:
        """Open a transaction that only reads and is rolled back at its end."""
        with self.engine.connect() as connection:
            yield Work(connection)
            connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Work]:
        """Open a transaction that commits when the block ends well, else rolls back.

        On SQLite writers of this process queue at a lock before `BEGIN IMMEDIATE`: waiting there
        is fair and cheap, waiting in SQLite's busy handler is neither (DESIGN.md, decision 2).
        """
        with self._transaction() as connection:
            work = Work(connection)
            yield work
        work.committed()

    @contextmanager
    def write_once(self) -> Iterator[Work]:
        """Open a unit of work for one statement that writes; it is committed once it has run.

        It saves the turns of `BEGIN` and `COMMIT`, for which this process or, with PostgreSQL,
        the network is waited for.
        """
        if self.is_sqlite:
            # Its connections are in autocommit mode until `BEGIN`.
            with self._writing, self.engine.connect() as connection:
                work = Work(connection)
                yield work
        else:
            autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            with autocommit.connect() as connection:
                work = Work(connection)
                yield work
        work.committed()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writing, self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    """Return the URL of the SQLite database file at `path`."""
    return f"sqlite:///{path}"


def _create(url: str, *, durable: bool) -> Engine:
    # A failed statement is logged without its values: people type secrets into any field.
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_engine(
            url, pool_pre_ping=True, pool_timeout=_POOL_TIMEOUT_SECONDS, hide_parameters=True
        )
        tell_postgresql(metadata)
        return engine
    engine = create_engine(
        url,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        hide_parameters=True,
        connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", partial(_prepare_sqlite, durable=durable))
    return engine


def _prepare_sqlite(connection: Any, _record: object, *, durable: bool) -> None:
    # The driver must not open transactions by itself: `write` begins them as IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        f"synchronous={'FULL' if durable else 'OFF'}",
        "foreign_keys=ON",
        f"cache_size=-{_CACHE_KIB}",
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
