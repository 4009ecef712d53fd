"""Errors by which a database says that it cannot be reached, is busy, or cannot write."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ionport.core.errors import Unavailable
from ionport.core.i18n import _

DATABASE_AWAY: Final = (OperationalError, InterfaceError, InternalError, PoolTimeout)
"""Any other error of a database is a fault that trying again does not repair."""
_RETRY_AFTER: Final = 10


def database_away(error: Exception) -> Unavailable | None:
    """Return what to answer where the database was away; None for any other error."""
    if not isinstance(error, DATABASE_AWAY):
        return None
    text = _(
        "The database does not answer at present. Try again in a minute; what you have just"
        " sent may be stored all the same: look before you send it again."
    )
    return Unavailable(text, code="database_away", retry_after=_RETRY_AFTER)
