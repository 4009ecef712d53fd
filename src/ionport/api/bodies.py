"""Addresses and JSON bodies: what cannot be stored is refused before a route sees it."""

from __future__ import annotations

from fastapi import Request

from ionport.core.errors import InvalidInput
from ionport.core.http.texts import holds_storable, is_storable
from ionport.core.i18n import _


async def require_storable(request: Request) -> None:
    """Check the address, and the names and texts of a JSON body; the dependency of every route.

    Raises:
        InvalidInput: one has NUL or half of a surrogate pair, which JSON can write as an escape.
    """
    if not is_storable(request.url.path):
        raise InvalidInput(
            _("The address has a character that cannot be used."), code="invalid_request"
        )
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.endswith(("/json", "+json")):
        return
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        # Told by whoever reads the body, where one is read.
        return
    if not holds_storable(body):
        raise InvalidInput(
            _("The body has a character that cannot be stored."), code="invalid_request"
        )
