"""The database schema's history (Alembic), brought up to date at every start of a server.

Upgrades run under an advisory lock, so that several workers may start at once; a schema newer
than this program knows is refused
(docs/decisions/0003-sqlalchemy-core-and-alembic-sqlite-by-default.md).
"""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text

from ionport.core.errors import Unavailable
from ionport.core.files import private_opener
from ionport.core.i18n import _
from ionport.store import Database

# Any constant does, as long as every version of ionport uses the same one.
_POSTGRESQL_LOCK = 0x10A9_0127
# In front of the revision of a database that `ionport migrate --to` has copied to another one, or
# has not filled to the end.
MOVED: Final = "moved "
UNFINISHED: Final = "unfinished "


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to the newest revision, or to an older one for tests of upgrades.

    Raises:
        Unavailable: the database was made by a newer ionport.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    with alone(database), database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        if current == newest_revision():
            return
        if current is not None and current not in {
            item.revision for item in script.walk_revisions()
        }:
            raise _not_ours(current)
        _upgrade(config, connection, revision, is_sqlite=database.is_sqlite)


def require_current(database: Database) -> None:
    """Raise Unavailable when the schema is older or newer than this program's, or there is none."""
    script = ScriptDirectory.from_config(_config())
    current, wanted = current_revision(database), newest_revision()
    if current == wanted:
        return
    if current and current not in {item.revision for item in script.walk_revisions()}:
        raise _not_ours(current)
    raise Unavailable(
        _(
            "This database was made by an older version of ionport (schema {revision}, needed is"
            " {wanted}). Make a backup, stop what runs on it, and bring it up to date with"
            " 'ionport migrate' or the next 'ionport up'."
        ).format(revision=current or "none", wanted=wanted),
        code="schema_too_old",
    )


def refuse_moved(database: Database) -> None:
    """Let no connection be opened to what `ionport migrate --to` has moved or not filled yet.

    A move begins when nobody has a connection. A process that had lost its own by then runs on
    all the same: what it opens afterwards raises Unavailable.
    """
    there = "SELECT count(to_regclass('alembic_version'))"
    if database.is_sqlite:
        there = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"

    def look(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        if cursor.execute(there).fetchone()[0]:
            row = cursor.execute("SELECT version_num FROM alembic_version").fetchone()
            if row and row[0].startswith((MOVED, UNFINISHED)):
                raise _not_ours(row[0])
        cursor.close()
        connection.rollback()

    for engine in {database.engine, database.reading_engine}:
        event.listen(engine, "connect", look)


@cache
def newest_revision() -> str:
    """Return the revision of the schema that this program is made for."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current_revision(database: Database) -> str:
    """Return the schema's revision, an empty text where there is none yet."""
    with database.reading_engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def _not_ours(revision: str) -> Unavailable:
    if revision.startswith(MOVED):
        return Unavailable(
            _(
                "This installation was moved to another database, by 'ionport migrate --to'. Name"
                " that database in IONPORT_DATABASE_URL, or unset it for SQLite."
            ),
            code="installation_moved",
        )
    if revision.startswith(UNFINISHED):
        return Unavailable(
            _(
                "This database is the unfinished copy of an installation. Run the 'ionport migrate"
                " --to' or 'ionport restore' that began it again: it begins anew."
            ),
            code="copy_unfinished",
        )
    return Unavailable(
        _(
            "This database was made by a newer version of ionport (schema {revision})."
            " Install that version, or restore a backup made before the upgrade."
        ).format(revision=revision),
        code="schema_too_new",
    )


def _upgrade(config: Config, connection: Connection, revision: str, *, is_sqlite: bool) -> None:
    # SQLite's driver is in autocommit mode here; one explicit transaction makes it all or nothing.
    if is_sqlite:
        # A table that loses a column is copied and dropped, though other tables name it; whether
        # all references that led somewhere still do is asked before the commit
        # (https://sqlite.org/lang_altertable.html#otheralter).
        connection.execute(text("PRAGMA foreign_keys=OFF"))
        connection.execute(text("BEGIN IMMEDIATE"))
    else:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    config.attributes["connection"] = connection
    try:
        led_nowhere = _missing_references(connection) if is_sqlite else Counter()
        command.upgrade(config, revision)
        if is_sqlite and (lost := _missing_references(connection) - led_nowhere):
            table, missing = next(iter(lost))
            raise RuntimeError(f"a row of {table} would refer to a missing one of {missing}")
    except BaseException:
        connection.rollback()
        raise
    else:
        connection.commit()
    finally:
        if is_sqlite:
            connection.execute(text("PRAGMA foreign_keys=ON"))


def _missing_references(connection: Connection) -> Counter[tuple[str, str]]:
    """Count the rows of each table of SQLite that refer to a missing one, by the other's table."""
    rows = connection.execute(text("PRAGMA foreign_key_check"))
    return Counter((table, missing) for table, _rowid, missing, _number in rows)


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Keep every other process from upgrading, and so from starting, for the time of the block."""
    if database.is_sqlite:
        path = Path(str(database.engine.url.database))
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path.with_suffix(".lock"), "w", opener=private_opener) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    with database.engine.connect() as connection:
        # Others may take long to upgrade.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _POSTGRESQL_LOCK})
        connection.commit()
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _POSTGRESQL_LOCK})
            connection.commit()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("recursive_version_locations", "true")
    return config
