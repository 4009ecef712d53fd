"""Errors by which a database says that it cannot be reached, is busy, or cannot write."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ionport.core.errors import Unavailable
from ionport.core.i18n import N_, gettext

DATABASE_AWAY: Final = (OperationalError, InterfaceError, InternalError, PoolTimeout)
"""Any other error of a database is a fault that trying again does not repair."""
_RETRY_AFTER: Final = 10
# Of PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html
_DISK_FULL: Final = "53100"
_AWAY: Final = N_(
    "The database does not answer at present. Try again in a minute; what you have just"
    " sent may be stored all the same: look before you send it again."
)
_FULL: Final = N_(
    "The disk of the database is full: nothing is stored until there is room again. Tell whoever"
    " runs this server."
)
_BUSY: Final = N_(
    "Another program holds the file of the database locked, and nothing was stored. Try again in a"
    " minute; if it stays so, tell whoever runs this server."
)
_FILE: Final = N_(
    "The file of the database is missing, or this server may not write it. Tell whoever runs this"
    " server."
)
# By the names that SQLite gives its errors: https://www.sqlite.org/rescode.html
_OF_SQLITE: Final = {
    "SQLITE_FULL": ("database_full", _FULL),
    "SQLITE_BUSY": ("database_locked", _BUSY),
    "SQLITE_LOCKED": ("database_locked", _BUSY),
    "SQLITE_CANTOPEN": ("database_file", _FILE),
    "SQLITE_READONLY": ("database_file", _FILE),
}


def database_away(error: Exception) -> Unavailable | None:
    """Return what to answer where the database was away; None for any other error."""
    if not isinstance(error, DATABASE_AWAY):
        return None
    code, text = _told(error.orig if isinstance(error, DBAPIError) else None)
    return Unavailable(gettext(text), code=code, retry_after=_RETRY_AFTER)


def _told(cause: BaseException | None) -> tuple[str, str]:
    """Return the code and the text of what the driver says."""
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "")
        found = (told for key, told in _OF_SQLITE.items() if name.startswith(key))
        return next(found, ("database_away", _AWAY))
    if getattr(cause, "sqlstate", None) == _DISK_FULL:
        return "database_full", _FULL
    return "database_away", _AWAY
