"""Inserting what may be there already: the statement that each database writes its own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    DialectInsert = Callable[[Table], sqlite.Insert | postgresql.Insert]


def insert_of(connection: Connection) -> DialectInsert:
    """Return the `insert` of a connection's database, which has `on_conflict_do_…`.

    PostgreSQL's dialect is loaded where it is used (see `partial`).
    """
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert
    from sqlalchemy.dialects import postgresql

    return postgresql.insert
