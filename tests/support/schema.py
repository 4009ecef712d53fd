"""The whole schema as the tables' modules declare it."""

from __future__ import annotations

import importlib
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

import ionport
from ionport.store import Database, metadata, sqlite_url
from tests.support.folders import kept_folder


def import_all_tables() -> None:
    """Import every `tables.py`, so that `metadata` is whole."""
    root = Path(ionport.__file__).parent
    for path in sorted(root.rglob("tables.py")):
        importlib.import_module(
            ".".join(("ionport", *path.relative_to(root).with_suffix("").parts))
        )


def create_schema(database: Database) -> None:
    """Create all tables in an empty database, without the migrations."""
    if database.is_sqlite:
        path = database.engine.url.database
        assert path is not None
        with (
            closing(sqlite3.connect(sqlite_template())) as made,
            closing(sqlite3.connect(path)) as new,
        ):
            made.backup(new)
        return
    _declare(database)


@cache
def sqlite_template() -> Path:
    """Return a file of SQLite with all tables and no rows, made once for each process."""
    path = kept_folder("ionport-schema-") / "template.db"
    database = Database(sqlite_url(path))
    _declare(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


def _declare(database: Database) -> None:
    import_all_tables()
    with database.write() as work:
        metadata.create_all(work.connection)
