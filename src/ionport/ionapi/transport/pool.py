"""HTTP with bounds: pinned addresses, no redirects, capped time and size.

`build_client` and `build_async_client` give an httpx2 client whose every failure is an
`IonApiError`. Answers are read to their end inside the transport, because only there one
deadline and one limit hold for headers, body and decompression together. The time of a call is
counted on a clock that goes on while the machine sleeps (`sending.boot_time`).
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpcore2
import httpx2

from ..addresses import AddressPolicy, Resolver, resolve, system_resolver
from ..calls import Body
from .bounds import CALL, CallBounds
from .intake import NETWORK_ERRORS, Attempt, connection_failed
from .stream import BoundedStream

MAX_CONNECTIONS = 100
# Shorter than the 5 seconds after which common servers hang up: a call on a connection that is just
# being closed is lost, and it is not known whether it was processed.
KEEPALIVE_SECONDS = 4.0
USER_AGENT = "ionport-ionapi"
# Addresses, without their queries, that a transport has found allowed.
_KNOWN_ADDRESSES = 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds of one call in seconds: `total` and, for token requests, `login` bound all of it.

    The gateway gives up on a service after 60 seconds, or after up to 300 where an
    administrator said so (docs/reference/gateway.md#limits).

    All of a call is counted on `sending.boot_time`: suspended time of the machine and of a stopped
    process counts. asyncio waits on its own clock, which may stand still in a sleep.
    """

    connect: float = 10.0
    read: float = 75.0
    total: float = 300.0
    login: float = 30.0

    @classmethod
    def of(cls, timeout: Timeouts | float | None) -> Timeouts:
        """`timeout` itself, the defaults for None, or a number of seconds for each call."""
        if isinstance(timeout, Timeouts):
            return timeout
        if timeout is None:
            return cls()
        return cls(connect=min(timeout, 10.0), read=timeout, total=timeout, login=timeout)

    def for_httpx(self) -> httpx2.Timeout:
        """The bounds of single steps, as httpx2 takes them."""
        return httpx2.Timeout(
            connect=self.connect, read=self.read, write=self.read, pool=self.total
        )


@dataclass(frozen=True, slots=True)
class Peer:
    """The server at an address. `certificate` is as `SSLSocket.getpeercert` gives it."""

    host: str
    address: str
    tls_version: str | None
    certificate: Mapping[str, Any] | None


class Transport(httpx2.BaseTransport):
    """The transport for threads. One may be shared by any number of clients and threads."""

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._policy = policy or AddressPolicy()
        self._check = functools.lru_cache(_KNOWN_ADDRESSES)(self._policy.check_url)
        self._ssl_context = ssl_context or default_ssl_context()
        self._backend = _PinnedBackend(self._policy, resolver)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=self._ssl_context,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=self._backend,
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send and read to the end. Raises IonApiError and nothing of httpx2."""
        attempt = Attempt(request, request.read())
        token = CALL.set(attempt.bounds)
        try:
            with attempt.watched():
                self._check(_base(request.url))
                return self._send(attempt)
        finally:
            CALL.reset(token)

    def inspect(self, url: str, *, timeout: float) -> Peer:
        """Connect to the host of `url`, read its certificate, and close. Raises IonApiError.

        `timeout` is in seconds, for name resolution, connection and TLS together.
        """
        self._policy.check_url(url)
        target = httpx2.URL(url)
        port = target.port or (443 if target.scheme == "https" else 80)
        token = CALL.set(CallBounds(timeout))
        try:
            stream = self._backend.connect_tcp(target.host, port)
            try:
                if target.scheme == "https":
                    stream = stream.start_tls(self._ssl_context, target.host)
                sock = stream.get_extra_info("socket")
                tls = sock if isinstance(sock, ssl.SSLSocket) else None
                return Peer(
                    host=target.host,
                    address=str(sock.getpeername()[0]),
                    tls_version=tls.version() if tls else None,
                    certificate=(tls.getpeercert() or {}) if tls else None,
                )
            finally:
                stream.close()
        except NETWORK_ERRORS as error:
            detail = f"{type(error).__name__}: {error}"
            raise connection_failed(target.host, error, detail=detail) from error
        finally:
            CALL.reset(token)

    def _send(self, attempt: Attempt) -> httpx2.Response:
        answer = self._pool.handle_request(attempt.core_request())
        try:
            attempt.begin(answer.status, answer.headers)
            for chunk in cast("Iterable[bytes]", answer.stream):
                attempt.feed(chunk)
        finally:
            answer.close()
        return attempt.response()

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class AsyncTransport(httpx2.AsyncBaseTransport):
    """The transport for asyncio; otherwise as `Transport`."""

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._policy = policy or AddressPolicy()
        self._check = functools.lru_cache(_KNOWN_ADDRESSES)(self._policy.check_url)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context or default_ssl_context(),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=_PinnedAsyncBackend(self._policy, resolver),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send and read to the end. Raises IonApiError and nothing of httpx2."""
        attempt = Attempt(request, await request.aread())
        with attempt.watched():
            self._check(_base(request.url))
            async with asyncio.timeout(attempt.bounds.left()):
                return await self._send(attempt)

    async def _send(self, attempt: Attempt) -> httpx2.Response:
        body = attempt.options.body
        pieces = None if body is None else _pieces(body)
        request = attempt.core_request(trace=attempt.trace, pieces=pieces)
        answer = await self._pool.handle_async_request(request)
        try:
            attempt.begin(answer.status, answer.headers)
            async for chunk in cast("AsyncIterable[bytes]", answer.stream):
                attempt.feed(chunk)
        finally:
            await answer.aclose()
        return attempt.response()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


def build_client(
    policy: AddressPolicy | None = None,
    *,
    timeout: Timeouts | float | None = None,
    transport: Transport | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> httpx2.Client:
    """An httpx2 client on a `Transport`: no redirects, no proxies from the environment."""
    return httpx2.Client(
        transport=transport or Transport(policy, ssl_context=ssl_context),
        timeout=Timeouts.of(timeout).for_httpx(),
        headers={"User-Agent": USER_AGENT},
        follow_redirects=False,
        trust_env=False,
    )


def build_async_client(
    policy: AddressPolicy | None = None,
    *,
    timeout: Timeouts | float | None = None,
    transport: AsyncTransport | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> httpx2.AsyncClient:
    """As `build_client`, for asyncio."""
    return httpx2.AsyncClient(
        transport=transport or AsyncTransport(policy, ssl_context=ssl_context),
        timeout=Timeouts.of(timeout).for_httpx(),
        headers={"User-Agent": USER_AGENT},
        follow_redirects=False,
        trust_env=False,
    )


@functools.cache
def default_ssl_context() -> ssl.SSLContext:
    """The operating system's trusted authorities; read once, as it takes tens of milliseconds."""
    return httpx2.create_ssl_context(trust_env=False)


async def _pieces(body: Body) -> AsyncIterator[bytes]:
    for piece in body:
        yield piece


def _base(url: httpx2.URL) -> str:
    return str(url).partition("?")[0]


class _PinnedBackend(httpcore2.NetworkBackend):
    """Connects to checked addresses. httpcore keeps the name for TLS and the Host header."""

    def __init__(self, policy: AddressPolicy, resolver: Resolver) -> None:
        self._policy = policy
        self._resolver = resolver
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        found = resolve(host, port, timeout=CALL.get().left(timeout), resolver=self._resolver)
        refusal: Exception = httpcore2.ConnectError("no address")
        for address in self._policy.admit(host, found):
            try:
                stream = self._inner.connect_tcp(
                    address, port, CALL.get().left(timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                refusal = error
            else:
                return BoundedStream(stream, idle_for=KEEPALIVE_SECONDS)
        raise refusal


class _PinnedAsyncBackend(httpcore2.AsyncNetworkBackend):
    def __init__(self, policy: AddressPolicy, resolver: Resolver) -> None:
        self._policy = policy
        self._resolver = resolver
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        bound = 60.0 if timeout is None else timeout
        found = await asyncio.to_thread(resolve, host, port, timeout=bound, resolver=self._resolver)
        refusal: Exception = httpcore2.ConnectError("no address")
        for address in self._policy.admit(host, found):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                refusal = error
        raise refusal
