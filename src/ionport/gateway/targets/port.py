"""The port for calls to targets: a request, its body, and the client that sends both.

The adapter is `upstream`, whose HTTP client takes long to load: `TargetsOnDemand` loads it with
the first call, since most sandboxes never make one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from ionport.gateway.targets.idle_timeout import IdleTimeout

Header = tuple[bytes, bytes]


@dataclass(slots=True)
class Outbound:
    """A request to a target. `url` is whole and percent-encoded, and begins with `base`."""

    method: str
    base: str
    url: str
    headers: list[tuple[str, str]]
    ignore_certificate_errors: bool = False


class RequestBody:
    """A request's body on its way to the target: chunk by chunk, never whole in memory.

    `error` is why it ended early: the client disconnected, or sent too much; `on_break` is called
    then.
    """

    def __init__(self, first: Message, receive: Receive, idle_timeout: IdleTimeout) -> None:
        self._first = first
        self._receive = receive
        self._idle_timeout = idle_timeout
        self.error: Exception | None = None
        self.is_sent = False
        self.on_break: Callable[[], None] = _nothing

    async def __aiter__(self) -> AsyncIterator[bytes]:
        message = self._first
        while True:
            if chunk := message.get("body"):
                yield chunk
            if not message.get("more_body"):
                break
            self._idle_timeout.restart(for_client=True)
            message = await self._next()
            self._idle_timeout.restart()
        self.is_sent = True

    async def _next(self) -> Message:
        try:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
        except Exception as error:
            self.error = error
            self.on_break()
            raise
        return message


def _nothing() -> None:
    """Do nothing: a body may end early before an answer is waited for."""


class TargetAnswer(Protocol):
    """The answer of a target; `headers` are as they came. Its receiver closes it."""

    status: int
    headers: Sequence[Header]

    @property
    def is_complete(self) -> bool:
        """Whether the whole body has arrived already; then `read` gives all that is left."""
        ...

    def read(self) -> bytes:
        """Return what has arrived, without waiting. Raises TargetFailed."""
        ...

    async def wait(self) -> bytes:
        """Return the next chunk, empty at the end. Raises TargetFailed when it is cut short."""
        ...

    def abort(self) -> None:
        """Close the connection; waiting for the answer raises TargetFailed."""
        ...

    def close(self) -> None:
        """Give the connection back, or close it if part of the answer is still to come."""
        ...


class Targets(Protocol):
    """Makes calls to targets; used from the event loop only."""

    async def send(
        self, request: Outbound, body: RequestBody | bytes | None = None
    ) -> TargetAnswer:
        """Send a request and return the answer once its head has come.

        Raises:
            TargetFailed: no connection, a refused address or certificate, or no HTTP.
            TargetTimedOut: no connection within ten seconds.
            ClientDisconnect, TooLarge: the client's body ended early.
        """
        ...

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Post a form and return status and body, which may have 100 kB.

        Raises:
            TargetFailed, TargetTimedOut: as `send`, also for a longer body.
        """
        ...

    async def get(self, url: str, *, seconds: float, max_bytes: int) -> tuple[int, bytes]:
        """Fetch a document and return status and body; redirects are not followed.

        Raises:
            TargetFailed, TargetTimedOut: as `send`, also for a longer body.
        """
        ...


class TargetsOnDemand:
    """The `Targets` that `make` returns when the first call needs them."""

    def __init__(self, make: Callable[[], Targets]) -> None:
        self._make = make
        self._made: Targets | None = None

    def send(
        self, request: Outbound, body: RequestBody | bytes | None = None
    ) -> Coroutine[Any, Any, TargetAnswer]:
        return self._targets().send(request, body)

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        return await self._targets().post_form(url, fields, headers)

    async def get(self, url: str, *, seconds: float, max_bytes: int) -> tuple[int, bytes]:
        return await self._targets().get(url, seconds=seconds, max_bytes=max_bytes)

    def _targets(self) -> Targets:
        if self._made is None:
            self._made = self._make()
        return self._made
