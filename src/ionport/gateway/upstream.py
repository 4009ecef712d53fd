"""Calls to targets: streaming both ways, to checked addresses. The only importer of aiohttp.

What neither ASGI nor aiohttp hands on cannot pass: trailers are dropped (RFC 9110 §6.5.1 allows
that), and their announcements with them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
import ssl
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Final
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive
from yarl import URL

from ionport.core.errors import IonportError
from ionport.core.i18n import _
from ionport.gateway.addresses import TargetPolicy, private_text
from ionport.gateway.errors import ClientSilent, TargetFailed, TargetSilent
from ionport.gateway.request import Header

CONNECT_SECONDS: Final = 10.0
KEEPALIVE_SECONDS: Final = 15.0
POST_SECONDS: Final = 30.0
DNS_SECONDS: Final = 10
LOOK_SECONDS: Final = 0.1
MAX_ADMITTED: Final = 10_000
READ_BYTES: Final = 65_536
MAX_FORM_ANSWER_BYTES: Final = 100_000

Resolver = Callable[[str, int], Sequence[str]]


@dataclass(slots=True)
class Outbound:
    """A request to a target. `url` is whole and percent-encoded, and begins with `base`."""

    method: str
    base: str
    url: str
    headers: list[tuple[str, str]]
    ignore_certificate_errors: bool = False


class Patience:
    """Ends a call after `seconds` in which the one we wait for is silent; a little later at most.

    As `asyncio.timeout`, but all calls share one timer, which looks several times a second: each
    request and each chunk restarts the waiting, so that must cost next to nothing.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._watch = _Watch.of_loop()
        self._is_over = False
        self._waits_for_client = False
        self.deadline = math.inf

    def __enter__(self) -> Patience:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("there is no task to end")
        self._task = task
        self._cancelling = task.cancelling()
        self.restart()
        self._watch.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watch.calls.discard(self)
        if not self._is_over:
            return
        # Whoever else has cancelled the task meanwhile comes first, as in asyncio.timeout.
        is_ours = self._task.uncancel() <= self._cancelling
        if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise self._silence() from error

    def restart(self, *, for_client: bool = False) -> None:
        """Begin to wait anew: something has come."""
        self._waits_for_client = for_client
        self.deadline = time.monotonic() + self._seconds

    def rest(self) -> None:
        """Wait for as long as it takes: it is us who are slow, or a client that reads slowly."""
        self.deadline = math.inf

    def end(self) -> None:
        """End the call; called once the deadline has passed."""
        self.rest()
        self._is_over = True
        self._task.cancel()

    def _silence(self) -> IonportError:
        if self._waits_for_client:
            return ClientSilent(
                _("The request's body stopped for {seconds:.0f} seconds. Send it again.").format(
                    seconds=self._seconds
                )
            )
        return TargetSilent(
            _(
                "The target did not answer within {seconds:.0f} seconds. A targetTimeout policy"
                " extends this to 300 at most."
            ).format(seconds=self._seconds)
        )


class _Watch:
    """The calls under way of one event loop, and the timer that looks after their deadlines."""

    _of_loops: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch]] = WeakKeyDictionary()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self._is_looking = False
        self.calls: set[Patience] = set()

    @classmethod
    def of_loop(cls) -> _Watch:
        """Return the running loop's own."""
        loop = asyncio.get_running_loop()
        found = cls._of_loops.get(loop)
        if found is None:
            found = cls._of_loops[loop] = cls(loop)
        return found

    def add(self, call: Patience) -> None:
        self.calls.add(call)
        if not self._is_looking:
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for call in [call for call in self.calls if now >= call.deadline]:
            call.end()
        loop = self._loop()
        self._is_looking = bool(self.calls) and loop is not None
        if loop is not None and self._is_looking:
            loop.call_later(LOOK_SECONDS, self._look)


class RequestBody:
    """A request's body on its way to the target: chunk by chunk, never whole in memory.

    `error` is why it broke off: the client went away, or sent too much; `on_break` is called then.
    """

    def __init__(self, first: Message, receive: Receive, patience: Patience) -> None:
        self._first = first
        self._receive = receive
        self._patience = patience
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
            self._patience.restart(for_client=True)
            message = await self._next()
            self._patience.restart()
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
    """Do nothing: a body may break off before anybody waits for an answer."""


class TargetAnswer:
    """What a target says; `headers` are as they came. Whoever gets one closes it."""

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
        """Return the next chunk, empty at the end. Raises TargetFailed when it breaks off."""
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise _failure(error) from error

    def abort(self) -> None:
        """Hang up; who waits for the answer gets TargetFailed."""
        self._response.close()

    def close(self) -> None:
        """Give the connection back, or close it if something is left on its way."""
        if self._response.content.at_eof() and (self._body is None or self._body.is_sent):
            self._response.release()
        else:
            self._response.close()


class Upstream:
    """The connections to all targets, of one event loop at a time.

    They are opened on the first call and closed with the loop: the task that holds them is
    cancelled when the server's loop ends, or by `close`.

    Args:
        policy: which targets may be reached.
        resolve: gives the addresses of a host; for tests.
    """

    def __init__(self, policy: TargetPolicy, *, resolve: Resolver | None = None) -> None:
        self._policy = policy
        self._resolve = resolve
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._holder: asyncio.Task[None] | None = None
        self._admitted: set[str] = set()

    async def send(
        self, request: Outbound, body: RequestBody | bytes | None = None
    ) -> TargetAnswer:
        """Send a request and return the answer once its head has come.

        Raises:
            TargetFailed: no connection, a refused address or certificate, or no HTTP.
            TargetSilent: no connection within ten seconds.
            ClientDisconnect, TooLarge: the client's body broke off.
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
        return TargetAnswer(response, streamed)

    async def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Post a form and return status and body, which may have 100 kB.

        Raises:
            TargetFailed, TargetSilent: as `send`, also for a longer body.
        """
        request = Outbound(
            "POST",
            url,
            url,
            [*headers.items(), ("Content-Type", "application/x-www-form-urlencoded")],
        )
        with Patience(POST_SECONDS):
            answer = await self.send(request, urlencode(fields).encode())
            content = bytearray()
            try:
                while chunk := await answer.wait():
                    content += chunk
                    if len(content) > MAX_FORM_ANSWER_BYTES:
                        raise TargetFailed(_("The answer is too long."), code="answer_too_long")
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
        """Judge a URL once more: it may have been stored under another setting."""
        if self._policy.wrong_url(base) is not None:
            raise TargetFailed(private_text(), code="target_address_refused", detail=base)
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
    """Resolves a name and hands on its addresses only if the policy admits all of them."""

    def __init__(self, policy: TargetPolicy, resolve: Resolver | None) -> None:
        self._policy = policy
        self._resolve = resolve or _system_addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            addresses = await loop.run_in_executor(None, self._resolve, host, port)
        if not self._policy.admits(host, addresses):
            raise _AddressRefused(f"{host} resolved to {', '.join(addresses[:8])}")
        return [_result(host, port, address) for address in addresses]

    async def close(self) -> None:
        """Nothing is held."""


class _AddressRefused(OSError):
    """The address of a target is private or special."""


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
    causes = (error, error.__cause__, error.__context__, getattr(error, "os_error", None))
    if any(isinstance(cause, _AddressRefused) for cause in causes):
        return TargetFailed(private_text(), code="target_address_refused", detail=detail)
    if isinstance(error, TimeoutError):
        return TargetSilent(
            _("The target took no connection within {seconds:.0f} seconds.").format(
                seconds=CONNECT_SECONDS
            ),
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return TargetFailed(
            _("The name of the target is not known. Check the Target Endpoint URL."),
            code="target_unknown_host",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return TargetFailed(
            _("The certificate of the target is not trusted."),
            code="target_certificate",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return TargetFailed(
            _("The target takes no connection. Check that it is running."),
            code="target_unreachable",
            detail=detail,
        )
    return TargetFailed(
        _("The target broke off, or its answer is no HTTP."), code="target_broken", detail=detail
    )
