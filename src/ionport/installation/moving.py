"""Moves an installation from one database to another: `ionport migrate --to`.

Stored files and keys stay where they are. Whenever it is interrupted, one of the two databases is
whole and the other one refuses to start; the same command then begins anew or completes the move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.data_folder import DATABASE_FILE, require_data_folder
from ionport.installation.databases import (
    filled,
    finish,
    note_state,
    opened_under_a_name,
    state_of,
    taken,
)
from ionport.installation.rows import Content, copy_rows
from ionport.migrations import MOVED, newest_revision
from ionport.settings import Settings


def move(settings: Settings, to: str) -> Mapping[str, Content]:
    """Copy all rows into the database `to`, compare them, and leave the old one marked as moved.

    `to` is a `postgresql://` URL, or `sqlite:///` with the path of the data folder's database
    (nothing behind it means that path). Returns what each table holds.

    Raises:
        InvalidInput: `to` is no such URL, or is the database that is used already.
        Conflict: `to` holds an installation, or the rows did not arrive whole.
        Unavailable: one of the databases is in use, or cannot be reached.
    """
    require_data_folder(settings)
    wanted = _target(settings, to)
    if wanted.database_url == settings.database_url:
        raise InvalidInput(_("The installation is in that database already."))
    with opened_under_a_name(settings) as source, opened_under_a_name(wanted) as target:
        with taken(source) as connection:
            state = state_of(connection)
            if state not in (newest_revision(), MOVED + newest_revision()):
                raise Conflict(
                    _(
                        "The schema of the database is not the one of this version. Run 'ionport"
                        " migrate' first, then move."
                    ),
                    code="schema_too_old",
                )
            with filled(target) as other:
                copied = copy_rows(connection, other)
            note_state(connection, MOVED)
            connection.commit()
        finish(target)
    return copied


def _target(settings: Settings, to: str) -> Settings:
    """Return the settings with the database `to`."""
    try:
        url = make_url(to)
    except ArgumentError as error:
        raise _no_url() from error
    if url.get_backend_name() == "postgresql":
        return replace(settings, database_url=to)
    own = settings.data / DATABASE_FILE
    if url.get_backend_name() != "sqlite":
        raise _no_url()
    if url.database and Path(url.database).absolute() != own.absolute():
        raise InvalidInput(
            _(
                "SQLite's database lies in the data folder: --to sqlite:///{path}, or another data"
                " folder with --data."
            ).format(path=own.absolute())
        )
    return replace(settings, database_url="")


def _no_url() -> InvalidInput:
    return InvalidInput(
        _("--to takes postgresql://user:password@host/database, or sqlite:/// for the data folder.")
    )
