"""Calls to targets: streaming both ways, to checked addresses. The only importer of aiohttp.

What neither ASGI nor aiohttp hands on cannot pass: trailers are dropped (RFC 9110 §6.5.1 allows
that), and their announcements with them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from yarl import URL

from ionport.core.errors import IonportError
from ionport.gateway.errors import TargetFailed, TargetTimedOut
from ionport.gateway.targets.addresses import AddressPolicy, AddressRefused, refused_text, wrong_url
from ionport.gateway.targets.idle_timeout import IdleTimeout
from ionport.gateway.targets.port import Header, Outbound, RequestBody

CONNECT_SECONDS: Final = 10.0
KEEPALIVE_SECONDS: Final = 15.0
POST_SECONDS: Final = 30.0
DNS_SECONDS: Final = 10
MAX_ADMITTED: Final = 10_000
READ_BYTES: Final = 65_536
MAX_FORM_ANSWER_BYTES: Final = 100_000

Resolver = Callable[[str, int], Sequence[str]]


class UpstreamAnswer:
    """The `TargetAnswer` of a call that aiohttp has made."""

    def __init__(self, response: aiohttp.ClientResponse, body: RequestBody | None) -> None:
        self._response = response
        self._body = body
        self.status = response.status
        self.headers: Sequence[Header] = response.raw_headers

    @property
    def is_complete(self) -> bool:
        """Whether the whole body has arrived already; then `read` gives all that is left."""
        return self._response.content.is_eof()

    def read(self) -> bytes:
        """Return what has arrived, without waiting. Raises TargetFailed."""
        try:
            return self._response.content.read_nowait()
        except (aiohttp.ClientError, OSError) as error:
            raise _failure(error) from error

    async def wait(self) -> bytes:
        """Return the next chunk, empty at the end. Raises TargetFailed when it is cut short."""
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise _failure(error) from error

    def abort(self) -> None:
        """Close the connection; waiting for the answer raises TargetFailed."""
        self._response.close()

    def close(self) -> None:
        """Give the connection back, or close it if part of the answer is still to come."""
        if self._response.content.at_eof() and (self._body is None or self._body.is_sent):
            self._response.release()
        else:
            self._response.close()


class Upstream:
    """The connections to all targets, of one event loop at a time: the `Targets` of the gateway.

    They are opened on the first call and closed with the loop: the task that holds them is
    cancelled when the server's loop ends, or by `close`.

    Args:
        policy: which targets may be reached.
        resolve: gives the addresses of a host; for tests.
    """

    def __init__(self, policy: AddressPolicy, *, resolve: Resolver | None = None) -> None:
        self._policy = policy
        self._resolve = resolve
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._holder: asyncio.Task[None] | None = None
        self._admitted: set[str] = set()

    async def send(
        self, request: Outbound, body: RequestBody | bytes | None = None
    ) -> UpstreamAnswer:
        """Send a request and return the answer once its head has come.

        Raises:
            TargetFailed: no connection, a refused address or certificate, or no HTTP.
            TargetTimedOut: no connection within ten seconds.
            ClientDisconnect, TooLarge: the client's body ended early.
        """
        if request.base not in self._admitted:
            self._admit(request.base)
        streamed = body if isinstance(body, RequestBody) else None
        try:
            response = await self._client().request(
                request.method,
                URL(request.url, encoded=True),
                headers=CIMultiDict(request.headers),
                data=body,
                allow_redirects=False,
                ssl=not request.ignore_certificate_errors,
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if streamed is not None and streamed.error is not None:
                raise streamed.error from error
            raise _failure(error) from error
        return UpstreamAnswer(response, streamed)

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Post a form and return status and body, which may have 100 kB.

        Raises:
            TargetFailed, TargetTimedOut: as `send`, also for a longer body.
        """
        request = Outbound(
            "POST",
            url,
            url,
            [*headers.items(), ("Content-Type", "application/x-www-form-urlencoded")],
        )
        return await self._whole(
            request, urlencode(fields).encode(), POST_SECONDS, MAX_FORM_ANSWER_BYTES
        )

    async def get(self, url: str, *, seconds: float, max_bytes: int) -> tuple[int, bytes]:
        """Fetch a document and return status and body; redirects are not followed.

        Raises:
            TargetFailed, TargetTimedOut: as `send`, also for a longer body.
        """
        headers = [("Accept", "application/json, application/yaml;q=0.9, */*;q=0.1")]
        headers.append(("Accept-Encoding", "identity"))
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
        holder, self._holder, self._session = self._holder, None, None
        if holder is not None and not holder.done():
            holder.cancel()
            await asyncio.wait([holder])

    def _admit(self, base: str) -> None:
        """Check a URL once more: it may have been stored under another setting."""
        if wrong := wrong_url(self._policy, base):
            raise TargetFailed(wrong, code="target_address_refused", detail=base)
        if len(self._admitted) >= MAX_ADMITTED:
            self._admitted.clear()
        self._admitted.add(base)

    def _client(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._loop = loop
            self._session = self._open()
            self._holder = loop.create_task(_hold(self._session))
        return self._session

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            # Each call has a client's connection, and those are bounded by the server.
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=KEEPALIVE_SECONDS,
                ttl_dns_cache=DNS_SECONDS,
                resolver=_CheckedResolver(self._policy, self._resolve),
                ssl=ssl.create_default_context(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            request_class=_PlainRequest,
            read_bufsize=READ_BYTES,
            trust_env=False,
        )


async def _hold(session: aiohttp.ClientSession) -> None:
    async with session:
        await asyncio.Event().wait()


class _PlainRequest(aiohttp.ClientRequest):
    """A request that goes out with the headers it was given, and none of aiohttp's own.

    The documented way, `skip_auto_headers`, copies all headers for each request.
    """

    _skip_auto_headers = CIMultiDict[None]([("Content-Type", None)])

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Add nothing."""


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
            raise _AddressRefused(refusal) from refusal
        return [_result(host, port, address) for address in admitted]

    async def close(self) -> None:
        """Nothing is held."""


class _AddressRefused(OSError):
    """A refusal in the shape that aiohttp expects of a resolver."""

    def __init__(self, refusal: AddressRefused) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


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


def _failure(error: Exception) -> IonportError:
    """Return what an exception of aiohttp means to a client; the detail is for the log."""
    detail = f"{type(error).__name__}: {error}"
    for cause in (error, error.__cause__, error.__context__, getattr(error, "os_error", None)):
        if isinstance(cause, _AddressRefused):
            text = refused_text(cause.refusal)
            return TargetFailed(text, code="target_address_refused", detail=detail)
    if isinstance(error, TimeoutError):
        return TargetTimedOut(
            f"The target took no connection within {CONNECT_SECONDS:.0f} seconds.",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return TargetFailed(
            "The name of the target is not known. Check the Target Endpoint URL.",
            code="target_unknown_host",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return TargetFailed(
            "The certificate of the target is not trusted.",
            code="target_certificate",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return TargetFailed(
            "The target takes no connection. Check that it is running.",
            code="target_unreachable",
            detail=detail,
        )
    return TargetFailed(
        "The target broke off, or its answer is no HTTP.", code="target_broken", detail=detail
    )
