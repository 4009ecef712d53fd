"""Pages of lists: each begins after a place, so that new items shift no page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query

from ionport.core.paging import MAX_PER_PAGE
from ionport.documents.listing.model import LONGEST_PLACE, Cursor, cursor_invalid


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
        if self.place is None:
            return None
        found = self.place.moment
        if found is None:
            raise cursor_invalid()
        return found

    def behind_number(self) -> int | None:
        """Return the number of the item before; raises InvalidInput as `behind_name`."""
        match self.place:
            case None:
                return None
            case Cursor((int(number),)):
                return number
        raise cursor_invalid()


def page_of(
    cursor: Annotated[
        str | None, Query(max_length=LONGEST_PLACE, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PER_PAGE, description="How many at most.")] = 50,
) -> PageAsked:
    """Return the page that a request asks for; raises InvalidInput for an unknown cursor."""
    place = Cursor.read(cursor, is_before=False) if cursor is not None else None
    if cursor is not None and (place is None or not place.values):
        raise cursor_invalid()
    return PageAsked(limit, place)
