"""One call between a client and a target: the request to send, and the answer to pass back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from ionport.core.errors import TooLarge
from ionport.core.http.bodies import collect
from ionport.gateway.caller import Caller
from ionport.gateway.errors import TargetFailed
from ionport.gateway.policies.model import HeaderPolicy
from ionport.gateway.proxy.answers import body_of, send_whole, start_of
from ionport.gateway.proxy.directory import Route
from ionport.gateway.proxy.request import (
    encoded,
    headers_for_client,
    headers_for_target,
    identity,
    text_of,
)
from ionport.gateway.targets.idle_timeout import IdleTimeout
from ionport.gateway.targets.port import Header, Outbound, RequestBody, TargetAnswer
from ionport.gateway.targets.security import SecurityType

MAX_FORM_BYTES: Final = 1_000_000
WATCHED_AFTER_SECONDS: Final = 0.2
_FORM: Final = b"application/x-www-form-urlencoded"
# Headers that a header policy that deletes all of them keeps: without these no body can be read.
_DESCRIBES_BODY: Final = frozenset(("content-encoding", "content-length", "content-type"))
# A length with 304 is that of the answer to GET, one with 204 says nothing (RFC 9110 §8.6).
_WITHOUT_BODY: Final = (204, 304)


class Listener(Protocol):
    """Gets the body that passes to the client, chunk by chunk."""

    def feed(self, chunk: bytes) -> None: ...


@dataclass(slots=True)
class Exchange:
    """A call: its route, who calls, what came in. `rest` is the raw path that is the target's,
    `known` are the first values of the headers.

    Not frozen, because one is made for every request and that would cost a microsecond each.
    """

    route: Route
    rest: bytes
    caller: Caller
    scope: Scope
    known: Mapping[bytes, bytes]
    receive: Receive
    send: Send

    def header(self, wanted: bytes) -> bytes:
        """Return the first value of a header that came in; empty when there is none."""
        return self.known.get(wanted, b"")

    def variable(self, ref: str) -> str:
        """Return what a policy's `ref` names; empty when it is not there."""
        if ref == "context.url.tenant":
            return self.caller.tenant_id
        if ref == "context.client_id":
            return self.caller.client_id
        if ref == "context.identity2":
            return self.caller.identity2 or ""
        _request, kind, name = ref.split(".", 2)
        if kind == "header":
            return text_of(self.header(name.lower().encode()))
        query = parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return next((value for key, value in query if key == name), "")

    def outbound(self, via: str) -> Outbound:
        """Return the request to the target, not signed yet; `via` names this process.

        Raises:
            TargetFailed: the request has been here before.
        """
        route = self.route
        headers = headers_for_target(self.scope["headers"], self.known)
        if route.policies.request_headers:
            headers = self._applied(route.policies.request_headers, headers)
        if b"via" in self.known and any(n == "via" and via in value for n, value in headers):
            raise TargetFailed(
                "The Target Endpoint URL leads back to this gateway.", code="loop_detected"
            )
        headers += [(name.decode(), value.decode()) for name, value in identity(self.caller)]
        headers.append(("via", via))
        url = route.base + encoded(self.rest) if self.rest else route.endpoint.target_url
        if self.scope["query_string"]:
            url = f"{url}?{encoded(self.scope['query_string'])}"
        ignore = route.endpoint.ignore_certificate_errors
        return Outbound(self.scope["method"], route.base, url, headers, ignore)

    async def body(self, idle_timeout: IdleTimeout) -> RequestBody | bytes | None:
        """Return the body to send: what came in one piece as bytes, else a stream.

        Raises:
            ClientDisconnect: the client went away.
            TooLarge: a form that has to be signed is over 1,000,000 bytes.
        """
        length = self.header(b"content-length")
        if not length.strip(b"0") and not self.header(b"transfer-encoding"):
            return None
        idle_timeout.restart(for_client=True)
        first = await self.receive()
        idle_timeout.restart()
        if first["type"] == "http.disconnect":
            raise ClientDisconnect
        if not first.get("more_body"):
            return bytes(first.get("body", b""))
        stream = RequestBody(first, self.receive, idle_timeout)
        return await _read_form(stream) if self.is_signed_form else stream

    @property
    def is_signed_form(self) -> bool:
        """Whether the body is a form that OAuth 1.0a signs (RFC 5849 §3.4.1.3.1)."""
        is_oauth1 = self.route.security.type is SecurityType.OAUTH1
        return is_oauth1 and self.header(b"content-type").lower().startswith(_FORM)

    def finished(self, made: list[Header]) -> list[Header]:
        """Make addresses public and apply the response policies; changes and returns `made`."""
        route = self.route
        for number, (name, value) in enumerate(made):
            if name == b"location":
                made[number] = (name, _public_location(value, route))
        if not route.policies.response_headers:
            return made
        texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in made]
        changed = self._applied(route.policies.response_headers, texts)
        return [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in changed
        ]

    async def pass_on(
        self,
        answer: TargetAnswer,
        idle_timeout: IdleTimeout,
        body: RequestBody | bytes | None,
        listener: Listener | None,
    ) -> None:
        """Send the target's answer to the client as it comes.

        Raises:
            TargetFailed: the target ended its answer early, maybe after the first bytes were sent
                on.
            ClientDisconnect: the client went away while its body was received.
        """
        headers = self.finished(headers_for_client(answer.headers))
        if answer.status in _WITHOUT_BODY:
            headers = [pair for pair in headers if pair[0] != b"content-length"]
        if answer.is_complete:
            content = answer.read()
            idle_timeout.rest()
            if listener is not None:
                listener.feed(content)
            await send_whole(self.send, answer.status, headers, content)
            return
        if isinstance(body, RequestBody):
            # While the body is still being received, reading it raises when the client disconnects.
            body.on_break = answer.abort
        try:
            idle_timeout.rest()
            await self.send(start_of(answer.status, headers))
            while chunk := await self._next(answer, idle_timeout):
                if listener is not None:
                    listener.feed(chunk)
                await self.send(body_of(chunk, more=True))
            await self.send(body_of(b"", more=False))
        except TargetFailed as error:
            if isinstance(body, RequestBody) and body.error is not None:
                raise ClientDisconnect from error
            raise

    async def _next(self, answer: TargetAnswer, idle_timeout: IdleTimeout) -> bytes:
        idle_timeout.restart()
        try:
            return await answer.wait()
        finally:
            idle_timeout.rest()

    def _applied(
        self, policies: Iterable[HeaderPolicy], headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        for policy in policies:
            name = policy.name.lower()
            if policy.deletes and name == "*":
                headers = [pair for pair in headers if pair[0].lower() in _DESCRIBES_BODY]
                continue
            headers = [pair for pair in headers if pair[0].lower() != name]
            if not policy.deletes:
                value = self.variable(policy.ref) if policy.ref else policy.value
                headers.append((policy.name, _header_text(value)))
        return headers


class ClientWatch:
    """Ends a call whose client disconnects while its answer is waited for or passed on.

    It begins after a moment, because most calls have ended by then, and once the body has been
    received: until then, reading that raises.
    """

    def __init__(
        self, receive: Receive, body: RequestBody | bytes | None, idle_timeout: IdleTimeout
    ) -> None:
        self._receive = receive
        self._body = body
        self._idle_timeout = idle_timeout
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(WATCHED_AFTER_SECONDS, self._begin)

    def stop(self) -> None:
        """Watch no more: the call has ended."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        if isinstance(self._body, RequestBody) and not self._body.is_sent:
            self._timer = self._loop.call_later(WATCHED_AFTER_SECONDS, self._begin)
        else:
            self._task = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._idle_timeout.end(client_left=True)


async def _read_form(stream: RequestBody) -> bytes:
    def too_large() -> TooLarge:
        return TooLarge(
            f"A form to a target with OAuth 1.0a may have at most {MAX_FORM_BYTES} bytes.",
            code="form_too_large",
        )

    return await collect(stream, MAX_FORM_BYTES, too_large)


def _header_text(value: str) -> str:
    """Keep of a client's text what may stand in a header."""
    return "".join(letter for letter in value if " " <= letter <= "~")[:4000]


def _public_location(location: bytes, route: Route) -> bytes:
    """Turn an address below the target's URL into the public one; others stay as they are."""
    text = location.decode("latin-1")
    path = urlsplit(route.base).path
    for base in (route.base, path):
        rest = text.removeprefix(base)
        is_below = text.startswith(base) and rest[:1] in ("", "/", "?", "#")
        # An address that begins with two slashes names another host.
        if is_below and not (base == path and text.startswith("//")):
            return f"{route.public_base}{rest}".encode("latin-1")
    return location
