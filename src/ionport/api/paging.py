"""Pages of lists: each begins behind a place, so that what comes in meanwhile shifts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Query

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE
from ionport.documents.listing.model import Cursor
from ionport.store import to_microseconds

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = to_microseconds(datetime(9000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class PageAsked:
    """How many items are wanted, and behind which place; None: from the beginning."""

    limit: int
    place: Cursor | None

    def behind_name(self) -> tuple[str, str] | None:
        """Return name and id of the item before; raises InvalidInput for another list's place."""
        match self.place:
            case None:
                return None
            case Cursor((str(name), str(item_id))):
                return name, item_id
        raise cursor_invalid()

    def behind_moment(self) -> tuple[datetime, str] | None:
        """Return moment and id of the item before; raises InvalidInput as `behind_name`."""
        match self.place:
            case None:
                return None
            case Cursor((int(moment), str(item_id))) if 0 <= moment <= _LAST:
                return _EPOCH + timedelta(microseconds=moment), item_id
        raise cursor_invalid()


def page_of(
    cursor: Annotated[
        str | None, Query(max_length=2_000, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PER_PAGE, description="How many at most.")] = 50,
) -> PageAsked:
    """Return the page that a request asks for; raises InvalidInput for a cursor of nobody's."""
    place = Cursor.read(cursor, is_before=False) if cursor is not None else None
    if cursor is not None and (place is None or not place.values):
        raise cursor_invalid()
    return PageAsked(limit, place)


def next_of(*values: str | datetime) -> str:
    """Return the cursor behind an item that is sorted by these values."""
    plain = (to_microseconds(each) if isinstance(each, datetime) else each for each in values)
    return Cursor(tuple(plain)).text


def cursor_invalid() -> InvalidInput:
    """Return the error for a cursor that this list has not given."""
    wrong = _("Send the cursor as the page before has given it.")
    return InvalidInput(wrong, code="cursor_invalid", fields={"cursor": wrong})
