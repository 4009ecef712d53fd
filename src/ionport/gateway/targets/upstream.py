"""Calls to targets: streaming both ways, to checked addresses, over aiohttp's connections.

aiohttp opens and keeps connections, writes heads and chunks, and reads answers. Its session, which
joins these, is left out: what it looks at for each call (cookies, redirects, proxies) took twice
as long as they do (docs/performance.md#gateway).

What neither ASGI nor aiohttp hands on cannot pass: trailers are dropped (RFC 9110 §6.5.1 allows
that), and their announcements with them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast
from urllib.parse import urlencode

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError, RawResponseMessage, StreamWriter
from multidict import CIMultiDict
from yarl import URL

from ionport.gateway.errors import TargetFailed
from ionport.gateway.targets.addresses import AddressPolicy, AddressRefused, wrong_url
from ionport.gateway.targets.idle_timeout import IdleTimeout
from ionport.gateway.targets.port import Outbound, RequestBody
from ionport.gateway.targets.upstream_answer import (
    CONNECT_SECONDS,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    RefusedByPolicy,
    UpstreamAnswer,
    abort_connection,
    failure_of,
)

KEEPALIVE_SECONDS: Final = 15.0
POST_SECONDS: Final = 30.0
DNS_SECONDS: Final = 10
MAX_ADMITTED: Final = 10_000
READ_BYTES: Final = 65_536
MAX_FORM_ANSWER_BYTES: Final = 100_000

_FAILURES: Final = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
# RFC 9110 §9.2.2. They are sent once more when a connection ends before anything was answered, as
# a kept one does that the target closes at that moment (RFC 9112 §9.3.1).
_IDEMPOTENT: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))
# With the others a target expects a length, even of no body (RFC 9110 §8.6).
_WITHOUT_BODY: Final = frozenset(("GET", "HEAD", "OPTIONS"))

Resolver = Callable[[str, int], Sequence[str]]


class _Destination:
    """What the calls below one URL have in common.

    Args:
        base: the URL that theirs begin with.
        request: stands for all of them where aiohttp asks which connection they need.
    """

    def __init__(self, base: str, request: aiohttp.ClientRequest) -> None:
        path = base.find("/", base.index("//") + 2)
        self._origin_length = path if path >= 0 else len(base)
        self._host = ("Host", request.headers["Host"])
        self.request = request

    def head(self, request: Outbound) -> tuple[str, CIMultiDict[str]]:
        """Return the request line and the headers of a request (RFC 9112 §3.2.1)."""
        target = request.url[self._origin_length :]
        slash = "" if target.startswith("/") else "/"
        headers = CIMultiDict((self._host, *request.headers))
        return f"{request.method} {slash}{target} HTTP/1.1", headers


class Upstream:
    """The connections to all targets, of one event loop at a time: the `Targets` of the gateway.

    They are opened on the first call and closed with the loop: the task that holds them is
    cancelled when the server's loop ends, or by `close`.

    Args:
        policy: which targets may be reached.
        resolve: gives the addresses of a host; for tests.
    """

    _timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)

    def __init__(self, policy: AddressPolicy, *, resolve: Resolver | None = None) -> None:
        self._policy = policy
        self._resolve = resolve
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connector: aiohttp.TCPConnector | None = None
        self._holder: asyncio.Task[None] | None = None
        self._destinations: dict[tuple[str, bool], _Destination] = {}

    async def send(
        self, request: Outbound, body: RequestBody | bytes | None = None
    ) -> UpstreamAnswer:
        """Send a request and return the answer once its head has come.

        Raises:
            TargetFailed: no connection, a refused address or certificate, or no HTTP.
            TargetTimedOut: no connection within ten seconds.
            ClientDisconnect, TooLarge: the client's body ended early.
        """
        may_repeat = request.method in _IDEMPOTENT and not isinstance(body, RequestBody)
        try:
            key = (request.base, request.ignore_certificate_errors)
            destination = self._destinations.get(key) or self._admit(*key)
            head = destination.head(request)
            connector = self._open_connector()
            while True:
                connection = await self._connect(connector, destination.request)
                try:
                    return await _exchange(connection, request.method, head, body)
                except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                    if not may_repeat:
                        raise
                    may_repeat = False
        except _FAILURES as error:
            if isinstance(body, RequestBody) and body.error is not None:
                raise body.error from error
            raise failure_of(error) from error

    async def _connect(
        self, connector: aiohttp.TCPConnector, request: aiohttp.ClientRequest
    ) -> Connection:
        """Return a connection on which nothing has come that nobody asked for.

        A target may say on an idle connection that its time is over (408), or send an answer
        twice: the next call would take that for its own.
        """
        while True:
            connection = await connector.connect(request, [], self._timeout)
            if not _protocol_of(connection).should_close:
                return connection
            connection.close()

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Post a form and return status and body, which may have 100 kB.

        Raises:
            TargetFailed, TargetTimedOut: as `send`, also for a longer body.
        """
        content_type = ("Content-Type", "application/x-www-form-urlencoded")
        request = Outbound("POST", url, url, [*headers.items(), content_type])
        content = urlencode(fields).encode()
        return await self._whole(request, content, POST_SECONDS, MAX_FORM_ANSWER_BYTES)

    async def get(self, url: str, *, seconds: float, max_bytes: int) -> tuple[int, bytes]:
        """Fetch a document and return status and body; redirects are not followed.

        Raises:
            TargetFailed, TargetTimedOut: as `send`, also for a longer body.
        """
        headers = [("Accept", "application/json, application/yaml;q=0.9, */*;q=0.1")]
        headers.append(("Accept-Encoding", "identity"))
        url, _mark, _fragment = url.partition("#")
        base = url.partition("?")[0]
        return await self._whole(Outbound("GET", base, url, headers), None, seconds, max_bytes)

    async def _whole(
        self, request: Outbound, body: bytes | None, seconds: float, max_bytes: int
    ) -> tuple[int, bytes]:
        """Send a request of our own and return status and body."""
        with IdleTimeout(seconds):
            answer = await self.send(request, body)
            content = bytearray()
            try:
                while chunk := await answer.wait():
                    content += chunk
                    if len(content) > max_bytes:
                        raise TargetFailed("The answer is too long.", code="answer_too_long")
            finally:
                answer.close()
        return answer.status, bytes(content)

    async def close(self) -> None:
        """Close all connections."""
        holder, self._holder, self._connector = self._holder, None, None
        if holder is not None and not holder.done():
            holder.cancel()
            await asyncio.wait([holder])

    def _admit(self, base: str, ignore_certificate_errors: bool) -> _Destination:
        """Check a URL once more: it may have been stored under another setting."""
        if wrong := wrong_url(self._policy, base):
            raise TargetFailed(wrong, code="target_address_refused", detail=base)
        if len(self._destinations) >= MAX_ADMITTED:
            self._destinations.clear()
        ssl_checks = not ignore_certificate_errors
        request = aiohttp.ClientRequest("GET", URL(base, encoded=True), ssl=ssl_checks)
        found = self._destinations[base, ignore_certificate_errors] = _Destination(base, request)
        return found

    def _open_connector(self) -> aiohttp.TCPConnector:
        loop = asyncio.get_running_loop()
        if self._connector is None or self._loop is not loop:
            self._loop = loop
            # Each call has a client's connection, and those are bounded by the server.
            self._connector = aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=KEEPALIVE_SECONDS,
                ttl_dns_cache=DNS_SECONDS,
                resolver=_CheckedResolver(self._policy, self._resolve),
                ssl=ssl.create_default_context(),
            )
            self._holder = loop.create_task(_hold(self._connector))
        return self._connector


async def _hold(connector: aiohttp.TCPConnector) -> None:
    async with connector:
        await asyncio.Event().wait()


async def _exchange(
    connection: Connection,
    method: str,
    head: tuple[str, CIMultiDict[str]],
    body: RequestBody | bytes | None,
) -> UpstreamAnswer:
    """Send a request over a connection, and return its answer once the head has come."""
    protocol = _protocol_of(connection)
    sending = None
    try:
        protocol.set_response_params(
            skip_payload=method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=READ_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )
        sending = await _write(protocol, method, head, body)
        message, content = await protocol.read()
        while message.code < 200 and message.code != 101:
            message, content = await protocol.read()
        _check(message)
    except BaseException:
        abort_connection(connection, sending)
        raise
    return UpstreamAnswer(connection, message, content, sending)


def _protocol_of(connection: Connection) -> ResponseHandler:
    """Return the protocol that a connection has until it is given back."""
    return cast(ResponseHandler, connection.protocol)


def _check(message: RawResponseMessage) -> None:
    """Refuse an answer that no client could be given. Raises TargetFailed."""
    if message.code == 101:
        text = "The target changed to another protocol, though it was not asked to."
    elif message.code > 599:
        text = f"The target answered with {message.code}, which is no status of HTTP."
    elif message.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
        text = "The target's answer has a transfer coding that it was not asked for."
    else:
        return
    raise TargetFailed(text, code="target_broken")


async def _write(
    protocol: ResponseHandler,
    method: str,
    head: tuple[str, CIMultiDict[str]],
    body: RequestBody | bytes | None,
) -> asyncio.Task[None] | None:
    """Write a request; returns the task that goes on with a body that is still on its way in."""
    line, headers = head
    writer = StreamWriter(protocol, asyncio.get_running_loop())
    is_announced = "Content-Length" in headers
    if isinstance(body, RequestBody):
        if not is_announced:
            headers["Transfer-Encoding"] = "chunked"
            writer.enable_chunking()
        await writer.write_headers(line, headers)
        return asyncio.create_task(_write_stream(protocol, writer, body))
    if not is_announced and (body is not None or method not in _WITHOUT_BODY):
        headers["Content-Length"] = str(len(body or b""))
    await writer.write_headers(line, headers)
    if body:
        # All of it is in memory already: the answer does not wait until it has left.
        await writer.write(body, drain=False)
    writer.set_eof()
    return None


async def _write_stream(protocol: ResponseHandler, writer: StreamWriter, body: RequestBody) -> None:
    try:
        async for chunk in body:
            await writer.write(chunk)
        await writer.write_eof()
    except Exception as error:  # noqa: BLE001 (it reaches who waits for the answer's head)
        protocol.set_exception(aiohttp.ClientConnectionError(f"not sent: {error!r}"), error)


class _CheckedResolver(AbstractResolver):
    """Resolves a name and returns those of its addresses that the policy admits."""

    def __init__(self, policy: AddressPolicy, resolve: Resolver | None) -> None:
        self._policy = policy
        self._resolve = resolve or _system_addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            addresses = await loop.run_in_executor(None, self._resolve, host, port)
        try:
            admitted = self._policy.admit(host, addresses)
        except AddressRefused as refusal:
            raise RefusedByPolicy(refusal) from refusal
        return [_result(host, port, address) for address in admitted]

    async def close(self) -> None:
        """Nothing is held."""


def _system_addresses(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _result(host: str, port: int, address: str) -> ResolveResult:
    version = ipaddress.ip_address(address.partition("%")[0]).version
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET if version == 4 else socket.AF_INET6,
        proto=0,
        flags=socket.AI_NUMERICHOST,
    )
