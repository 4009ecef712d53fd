"""Takes a database for one process alone: for the time that it is copied whole.

Its state is stored with its revision, so that every start reads it:
`migrations.MOVED` and `migrations.UNFINISHED`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection, column, func, inspect, make_url, select, table, text, update
from sqlalchemy.exc import OperationalError

from ionport.core.errors import Conflict, Unavailable
from ionport.core.i18n import _
from ionport.data_folder import opened_database
from ionport.installation.rows import VERSIONS, empty, has_rows
from ionport.migrations import MOVED, UNFINISHED, alone, newest_revision, upgrade
from ionport.settings import Settings
from ionport.store import Database

_versions = table(VERSIONS, column("version_num"))


@contextmanager
def opened_under_a_name(settings: Settings) -> Iterator[Database]:
    """Open the database so that our own connections can be told from those of others."""
    if settings.database_url:
        named = make_url(settings.database_url).update_query_dict(
            {"application_name": f"ionport-{secrets.token_hex(8)}"}
        )
        settings = replace(settings, database_url=named.render_as_string(hide_password=False))
    with opened_database(settings, also_moved=True) as database:
        yield database
    database.close()


@contextmanager
def taken(database: Database) -> Iterator[Connection]:
    """Open a transaction on a database that nobody else uses, and that nobody can begin to use.

    Raises:
        Conflict: a server, a worker or a command uses it.
    """
    with alone(database), database.engine.connect() as connection:
        if database.is_sqlite:
            _take_sqlite(connection)
        else:
            _take_postgresql(connection)
        try:
            yield connection
        finally:
            connection.rollback()
            # A connection in exclusive mode stays so until it is closed.
            connection.invalidate()


def state_of(connection: Connection) -> str:
    """Return the revision of the schema, with what stands before it; empty without a schema."""
    if not inspect(connection).has_table(VERSIONS):
        return ""
    return connection.execute(select(_versions.c.version_num)).scalar() or ""


def note_state(connection: Connection, state: str) -> None:
    """Write the state of a database whose schema is this program's."""
    connection.execute(update(_versions).values(version_num=state + newest_revision()))


@contextmanager
def filled(database: Database) -> Iterator[Connection]:
    """Open a transaction on a database with all tables and no rows, which the block fills.

    It is committed as unfinished when the block ends well; `finish` then makes it an installation.

    Raises:
        Conflict: it holds an installation, or another process uses it.
    """
    with taken(database) as connection:
        state = state_of(connection)
        is_ours = state in (MOVED + newest_revision(), UNFINISHED + newest_revision())
        if state and not is_ours and (state != newest_revision() or has_rows(connection)):
            raise Conflict(
                _(
                    "The database {name} holds an installation already. Name an empty one, or take"
                    " that one away first."
                ).format(name=shown(database)),
                code="database_not_empty",
            )
    if not state:
        upgrade(database)
    with taken(database) as connection:
        empty(connection)
        yield connection
        note_state(connection, UNFINISHED)
        connection.commit()


def finish(database: Database) -> None:
    """Make a filled database an installation, and count what it holds for the planner."""
    with database.engine.begin() as connection:
        note_state(connection, "")
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def shown(database: Database) -> str:
    """Return the address of a database without its password."""
    return database.engine.url.render_as_string(hide_password=True)


def _take_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql("PRAGMA locking_mode=EXCLUSIVE")
    try:
        # Leaving this mode needs that no other connection is there, idle ones included
        # (https://sqlite.org/pragma.html#pragma_journal_mode).
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
    except OperationalError as error:
        raise _used() from error


def _take_postgresql(connection: Connection) -> None:
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    activity = table(
        "pg_stat_activity", *map(column, ("datname", "backend_type", "application_name"))
    )
    if inspect(connection).has_table(VERSIONS):
        # A process that connects from here on reads it first, waits, and then sees the new state.
        connection.execute(text(f"LOCK TABLE {VERSIONS} IN ACCESS EXCLUSIVE MODE"))
    others = (
        select(func.count())
        .select_from(activity)
        .where(activity.c.datname == func.current_database())
        .where(activity.c.backend_type == "client backend")
        .where(activity.c.application_name != func.current_setting("application_name"))
    )
    if connection.execute(others).scalar():
        raise _used()
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in inspect(connection).get_table_names())
    if names:
        connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE NOWAIT"))


def _used() -> Unavailable:
    return Unavailable(
        _(
            "A server, a worker or a command uses the database. Stop 'ionport up' and every"
            " 'ionport worker', then try again."
        ),
        code="installation_in_use",
    )
