"""Locks by name, held until a transaction ends, or until they are released."""

from __future__ import annotations

import threading
import time
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from ionport.store.engine import Database

_LOOK_EVERY: Final = 0.05
# In one order for all, so that no two wait for each other.
_LOCK: Final = text(
    "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended(name, 0) AS key"
    " FROM unnest(CAST(:names AS text[])) AS name ORDER BY key) AS keys"
)
_TRY: Final = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_UNLOCK: Final = text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")


def lock_name(connection: Connection, *names: str) -> None:
    """Wait until no other transaction holds one of the names, and hold all until this one ends.

    SQLite has one writer at a time anyway.
    """
    if names and connection.dialect.name != "sqlite":
        connection.execute(_LOCK, {"names": list(names)})


class HeldName:
    """A name that one process at a time holds, for as long as something slow takes.

    On PostgreSQL a separate connection holds the lock, so that it ends with the process. On SQLite
    one process works on the database, and there is nothing to hold.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = {"name": name}
        self._mutex = threading.Lock()
        self._connection: Connection | None = None
        self._released = False

    def acquire(self, seconds: float) -> None:
        """Wait for the name, `seconds` at most; after that the caller goes on without it.

        It also goes on without it where the database has no connection to spare. After `release`,
        in whatever order the two come, nothing is held.
        """
        if self._database.is_sqlite:
            return
        try:
            connection = self._database.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            )
        except SQLAlchemyError:
            return
        held = self._locked(connection, time.monotonic() + seconds)
        with self._mutex:
            if held and not self._released:
                self._connection = connection
                return
        self._give_back(connection, held=held)

    def release(self) -> None:
        """Give the name up; never raises."""
        with self._mutex:
            self._released = True
            connection, self._connection = self._connection, None
        if connection is not None:
            self._give_back(connection, held=True)

    def _locked(self, connection: Connection, end: float) -> bool:
        try:
            while not connection.execute(_TRY, self._name).scalar_one():
                if self._released or time.monotonic() > end:
                    return False
                time.sleep(_LOOK_EVERY)
        except SQLAlchemyError:
            return False
        return True

    def _give_back(self, connection: Connection, *, held: bool) -> None:
        try:
            if held:
                connection.execute(_UNLOCK, self._name)
        except SQLAlchemyError:
            # Closed for good, which ends the lock too: the pool may not lend it out with it.
            connection.invalidate()
        finally:
            connection.close()
