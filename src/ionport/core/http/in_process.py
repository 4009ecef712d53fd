"""Calls of an ASGI app from within its own process: what a page sends through our own gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCall:
    """A request. `target` is its path, with the query where it has one, percent-encoded."""

    method: str
    target: str
    headers: Sequence[Header] = ()
    body: bytes = b""
    client: tuple[str, int] | None = None

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def with_header(self, name: bytes, value: bytes) -> AppCall:
        """Return the same call with one header more."""
        return replace(self, headers=[*self.headers, (name, value)])


@dataclass(slots=True)
class AppAnswer:
    """An answer. `body` is its beginning where `is_cut`."""

    status: int = 0
    headers: list[Header] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    is_cut: bool = False


async def call_app(app: ASGIApp, call: AppCall, *, max_bytes: int, seconds: float) -> AppAnswer:
    """Return what `app` answers, at most `max_bytes` of its body.

    Raises:
        TimeoutError: it has not answered within `seconds`.
    """
    query = call.target.partition("?")[2]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": unquote(call.path),
        "raw_path": call.path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [*call.headers, (b"content-length", str(len(call.body)).encode())],
        "client": call.client,
        "server": None,
        "state": {},
    }
    answer, answered = AppAnswer(), asyncio.Event()
    pending: list[Message] = [{"type": "http.request", "body": call.body, "more_body": False}]

    async def receive() -> Message:
        if pending:
            return pending.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            # An answer to HEAD has no body; servers drop what an app sends (RFC 9110 §9.3.2).
            piece = b"" if call.method == "HEAD" else message.get("body", b"")
            room = max_bytes - len(answer.body)
            answer.body += piece[:room]
            answer.is_cut |= len(piece) > room
            if not message.get("more_body"):
                answered.set()

    async with asyncio.timeout(seconds):
        await app(scope, receive, send)
    return answer
