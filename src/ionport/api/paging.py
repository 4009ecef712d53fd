"""Cursors of lists: opaque to who sends them back."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Query

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest

_CURSOR: Final = re.compile(r"p([0-9]{1,6})")


def page_of(
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PER_PAGE, description="How many at most.")] = 50,
) -> PageRequest:
    """Return the page that a request asks for; raises InvalidInput for a cursor of nobody's."""
    if cursor is None:
        return PageRequest(1, limit)
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        wrong = _("Send the cursor as the page before has given it.")
        raise InvalidInput(wrong, code="cursor_invalid", fields={"cursor": wrong})
    return PageRequest(int(found[1]), limit)
