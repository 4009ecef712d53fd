"""Engine and transactions: SQLite in one file by default, PostgreSQL by URL.

Transactions are opened and committed at the edge (a request, a command, a step), never in a
service (docs/decisions/0003-sqlalchemy-core-and-alembic-sqlite-by-default.md).
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError

from ionport.core.files import make_private_file
from ionport.store.partial import tell_postgresql
from ionport.store.schema import metadata
from ionport.store.work import Work

_BUSY_TIMEOUT_MS = 15_000
_POOL_TIMEOUT_SECONDS = 15
# What a connection to PostgreSQL may wait for. A process that is stopped in a transaction, or has
# lost its way to the server, keeps its locks no longer than this; nobody waits longer for a lock.
_LIMITS = {"lock_timeout": "15s", "idle_in_transaction_session_timeout": "30s"}
# And a server that does not answer is given up (libpq's own names; milliseconds the last).
_ANSWERS = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
# For each connection at most: inserts into an index over a million random keys touch many pages.
_CACHE_KIB = 32_768
# Kept are as many as threads deliver: opening one costs more than ten statements.
_KEPT_CONNECTIONS = 12
_CONNECTIONS = 22
_REST_SECONDS = 1.0
_EMPTY: Mapping[type, str] = {dict: "{}", list: "[]"}


class Database:
    """One database, with the two kinds of transaction that the domains use.

    `connections` is how many there may be to PostgreSQL, and on SQLite of readers. With `durable`
    false no commit of SQLite waits for the disk: for a file deleted with the process.
    """

    def __init__(self, url: str, *, durable: bool = True, connections: int = _CONNECTIONS) -> None:
        self.url = url
        self.engine = _create(url, connections, durable=durable)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.reading_engine = _reading(self.engine, url, connections, durable=durable)
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writing = threading.Lock()
        # SQLite's writing connection, while nobody writes.
        self._idle_writer: Connection | None = None

    @contextmanager
    def read(self) -> Iterator[Work]:
        """Open a transaction that sees one state of the database and cannot change it.

        It is a snapshot on both databases: what others commit after its first statement is not
        seen. A statement that writes is refused by the database itself, with an `SQLAlchemyError`.
        """
        with self.reading_engine.connect() as connection:
            if self.is_sqlite:
                _begin(connection)
            yield Work(connection)

    @contextmanager
    def read_once(self) -> Iterator[Work]:
        """Open a unit of work for one statement that reads: it sees one state without a `BEGIN`."""
        engine = self.reading_engine if self.is_sqlite else self._autocommit
        with engine.connect() as connection:
            yield Work(connection)

    @contextmanager
    def write(self) -> Iterator[Work]:
        """Open a transaction that commits when the block ends well, else rolls back.

        On SQLite writers of this process queue at a lock before `BEGIN IMMEDIATE`: waiting there
        is fair and cheap, waiting in SQLite's busy handler is neither
        (docs/decisions/0002-our-own-code-for-the-grants.md). Who has the lock has SQLite's writing
        connection: one, which stays open with its prepared statements and pages of the database.
        Readers have others, so that it is never waited for.
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
            with self._sqlite_writer() as connection:
                work = Work(connection)
                yield work
                connection.commit()
        else:
            with self._autocommit.connect() as connection:
                work = Work(connection)
                yield work
        work.committed()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._sqlite_writer() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            except BaseException:
                # After a commit that failed, too: the next writer must not find it open.
                connection.rollback()
                raise

    @contextmanager
    def _sqlite_writer(self) -> Iterator[Connection]:
        """Lend SQLite's writing connection to one writer at a time; one that failed is replaced.

        Taken from the pool and given back each time, it would cost a login as much as its row.
        """
        with self._writing:
            connection, self._idle_writer = self._idle_writer or self.engine.connect(), None
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._idle_writer = connection

    def close(self) -> None:
        """Give back every connection."""
        if self._idle_writer is not None:
            self._idle_writer.close()
            self._idle_writer = None
        self.reading_engine.dispose()
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    """Return the URL of the SQLite database file at `path`."""
    return f"sqlite:///{path}"


def with_limits(url: str) -> str:
    """Return the address of a PostgreSQL database with what it does not say about lost servers."""
    parts = make_url(url)
    missing = {name: value for name, value in _ANSWERS.items() if name not in parts.query}
    return parts.update_query_dict(missing).render_as_string(hide_password=False)


def _limit_postgresql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        for name, value in _LIMITS.items():
            cursor.execute(f"SET {name} = '{value}'")
    connection.commit()


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_after_rest(engine: Engine, connection: Any, record: Any, _proxy: object) -> None:
    """Ask a connection that was idle whether its server answers; a broken one is replaced.

    Not at each use: a server that ends between two uses of a busy connection is told by an
    error, and SQLAlchemy then replaces all connections.
    """
    used_at = record.info.get("used_at")
    if used_at is None or time.monotonic() - used_at < _REST_SECONDS:
        return
    try:
        alive = engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error
    if not alive:
        raise DisconnectionError


def _create(url: str, connections: int, *, durable: bool) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = _sqlite_engine(url, connections)
        event.listen(engine, "connect", partial(_prepare_sqlite, durable=durable))
        return engine
    engine = create_engine(
        with_limits(url),
        **_pool(connections),
        pool_use_lifo=True,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _limit_postgresql)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_ping_after_rest, engine))
    tell_postgresql(metadata)
    return engine


def _reading(engine: Engine, url: str, connections: int, *, durable: bool) -> Engine:
    """Return the engine of transactions that only read.

    On SQLite it has separate connections, which refuse every change: this is set once for each
    connection, not in every transaction, and no reader takes a writer's place.
    """
    if engine.dialect.name != "sqlite":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    reading = _sqlite_engine(url, connections)
    event.listen(reading, "connect", partial(_prepare_sqlite, durable=durable, only_reads=True))
    return reading


def _pool(connections: int) -> dict[str, int]:
    kept = min(_KEPT_CONNECTIONS, connections)
    return {"pool_size": kept, "max_overflow": connections - kept}


def _sqlite_engine(url: str, connections: int) -> Engine:
    path = Path(str(make_url(url).database))

    def connect() -> sqlite3.Connection:
        # SQLite gives the files beside it (-wal, -shm) the rights of the database's own. Where
        # none can be made, SQLite says so.
        with suppress(OSError):
            make_private_file(path)
        return sqlite3.connect(path, timeout=_BUSY_TIMEOUT_MS / 1000, check_same_thread=False)

    # A failed statement is logged without its values: people type secrets into any field.
    return create_engine(
        url,
        creator=connect,
        **_pool(connections),
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        # The one used last knows the most pages.
        pool_use_lifo=True,
        hide_parameters=True,
        json_serializer=_json_text,
    )


_encode = json.JSONEncoder().encode


def _json_text(value: object) -> str:
    """Return a value of a column of JSON; most are empty lists and objects."""
    return _encode(value) if value else _EMPTY.get(type(value)) or _encode(value)


def _begin(connection: Connection) -> None:
    # By the driver: SQLAlchemy's way to a statement costs more than a small query, and so does
    # its event "begin". The pool rolls back what comes back to it.
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN")


def _prepare_sqlite(
    connection: Any, _record: object, *, durable: bool, only_reads: bool = False
) -> None:
    # The driver must not open transactions by itself: `write` begins them as IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        f"synchronous={'FULL' if durable else 'OFF'}",
        "foreign_keys=ON",
        f"cache_size=-{_CACHE_KIB}",
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        *(("query_only=ON",) if only_reads else ()),
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
