"""The messages of an answer, as ASGI has them."""

from __future__ import annotations

from starlette.types import Message, Send

from ionport.gateway.targets.port import Header


async def send_whole(send: Send, status: int, headers: list[Header], content: bytes) -> None:
    """Send an answer whose body is at hand."""
    await send(start_of(status, headers))
    await send(body_of(content, more=False))


def start_of(status: int, headers: list[Header]) -> Message:
    """Return the message that begins an answer."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def body_of(content: bytes, *, more: bool) -> Message:
    """Return the message with a piece of the body, the last one unless there is `more`."""
    return {"type": "http.response.body", "body": content, "more_body": more}
