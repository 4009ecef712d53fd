"""What opening a fresh data folder takes long for, made once for each process.

Most tests that open a whole application are not about its migrations or about how long a password
takes to check: the migrated schema is copied, and passwords are hashed with cheap parameters. The
tests of both call the real ones by their own names.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path
from unittest import mock

from sqlalchemy import make_url

from ionport import application as composition
from ionport.identity.passwords import Passwords
from ionport.migrations import current_revision, upgrade
from ionport.store import Database, sqlite_url
from tests.support.folders import kept_folder


@contextmanager
def in_place_of_slow_steps() -> Iterator[None]:
    """Let `open_application` use the copy and the cheap parameters for the time of the block."""
    cheap = partial(Passwords, time_cost=1, memory_kib=8)
    with (
        mock.patch.object(composition, "upgrade", _upgrade),
        mock.patch.object(composition, "Passwords", cheap),
    ):
        yield


def _upgrade(database: Database) -> None:
    """Copy the migrated schema into a new file of SQLite; anything else is upgraded in earnest."""
    if not database.is_sqlite or current_revision(database):
        upgrade(database)
        return
    path = make_url(database.url).database
    assert path is not None
    with closing(sqlite3.connect(migrated())) as made, closing(sqlite3.connect(path)) as new:
        made.backup(new)


@cache
def migrated() -> Path:
    path = kept_folder("ionport-migrated-") / "ionport.db"
    database = Database(sqlite_url(path))
    upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path
