"""Bodies that end at a limit: read whole, or passed on as they come.

A refusal is made when it is needed, by a function, so that a body within its limit costs nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

Refusal = Callable[[], Exception]

# Digits of a length beyond which no limit lies; `int` refuses a text of thousands.
_MAX_DIGITS: Final = 15


def announces_more(content_length: str | bytes, limit: int) -> bool:
    """Tell whether a Content-Length is over `limit` bytes; what is no number announces nothing."""
    if not content_length.isdigit():
        return False
    return len(content_length) > _MAX_DIGITS or int(content_length) > limit


def bounded(receive: Receive, limit: int, refusal: Refusal) -> Receive:
    """Return `receive` for a body of at most `limit` bytes; raises `refusal` where it is longer."""
    received = 0

    async def receive_within_limit() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise refusal()
        return message

    return receive_within_limit


async def read_body(receive: Receive, limit: int, refusal: Refusal) -> bytes:
    """Return a request's body whole.

    Raises:
        ClientDisconnect: the client went away.
        Exception: `refusal`, as soon as more than `limit` bytes have come.
    """
    body = bytearray()
    message = await receive()
    while message["type"] != "http.disconnect":
        body += message.get("body", b"")
        if len(body) > limit:
            raise refusal()
        if not message.get("more_body", False):
            return bytes(body)
        message = await receive()
    raise ClientDisconnect


async def collect(chunks: AsyncIterable[bytes], limit: int, refusal: Refusal) -> bytes:
    """Return the chunks as one; raises `refusal` as soon as they are over `limit` bytes."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise refusal()
    return bytes(body)
