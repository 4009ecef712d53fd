"""One request under way: counts and decodes the answer, names errors, records the exchange."""

from __future__ import annotations

import re
import ssl
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from ..calls import DEFAULT_LIMIT, EXCERPT, Body
from ..errors import AnswerRefused, ConnectionFailed, IonApiError, RequestRefused
from ..wording import N_, worded
from .bounds import CallBounds
from .exchange import Exchange, Observer, shown_body
from .redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Iterator

    from ..sending import SendWindow

EXTENSION = "ionapi"
# A cookie of one caller must not reach another one through a shared client.
_DROPPED_HEADERS = frozenset(
    {"content-encoding", "content-length", "set-cookie", "transfer-encoding"}
)
# Of a body that a sink takes: enough to see a page for people, and for records.
_BEGINNING = 4096
PLAIN = frozenset({"", "identity"})
NETWORK_ERRORS = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    TimeoutError,
)
_STRAIGHT = worded("Check the addresses in the ION API file: they must lead straight to Infor.")
_CUT_OFF = worded("The answer ended before it was complete.")


@dataclass(frozen=True, slots=True)
class Options:
    """How one request is sent. Placed in the request's extensions under `EXTENSION`.

    `limit` is in bytes of the decoded body, `total` in seconds from name resolution to the
    last byte. `window` is when the request may be sent. `body` is sent in place of the request's
    own, and `sink` takes the answer's body where its status is 2xx.
    """

    limit: int = DEFAULT_LIMIT
    total: float = 300.0
    login: bool = False
    shown: bytes | None = None
    redactor: Redactor = field(default_factory=Redactor)
    observer: Observer | None = None
    window: SendWindow | None = None
    body: Body | None = None
    sink: Callable[[bytes], object] | None = None


class Attempt:
    """The state of one request, shared by the thread and the asyncio transport."""

    def __init__(self, request: httpx2.Request, body: bytes) -> None:
        self.options: Options = request.extensions.get(EXTENSION) or Options()
        self.bounds = CallBounds(self.options.total, self.options.window)
        self._request = request
        self._body = body
        self._started = time.time()
        self._clock = time.perf_counter()
        self._status: int | None = None
        self._headers: list[tuple[str, str]] = []
        self._decoder = Decoder("")
        self._content = bytearray()
        self._received = 0
        form = body if _media_type(request.headers.items()).endswith("urlencoded") else b""
        self._redactor = self.options.redactor.knowing(request.headers.get("authorization"), form)

    @property
    def sent(self) -> bool:
        """Whether the remote side may have seen the call; a token request is not the call."""
        return self.bounds.on_the_wire and not self.options.login

    def core_request(
        self, *, trace: Any = None, pieces: AsyncIterable[bytes] | None = None
    ) -> httpcore2.Request:
        """The request as httpcore takes it. Only encodings that `Decoder` knows are offered.

        `pieces` stand for a body that is made while it is sent, where it is sent by asyncio.
        """
        url = self._request.url
        timeouts = dict(self._request.extensions.get("timeout", {}))
        # The pool's connections bound what is written and read themselves.
        left = self.bounds.left()
        for name in ("connect", "pool"):
            timeouts[name] = min(timeouts.get(name) or left, left)
        headers = [
            (name, value)
            for name, value in self._request.headers.raw
            if name.lower() != b"accept-encoding"
        ]
        return httpcore2.Request(
            method=self._request.method,
            url=httpcore2.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=[*headers, (b"Accept-Encoding", b"gzip, deflate")],
            content=pieces or self.options.body or self._body,
            extensions={"timeout": timeouts}
            if trace is None
            else {"timeout": timeouts, "trace": trace},
        )

    async def trace(self, event: str, _info: dict[str, Any]) -> None:
        """The asyncio pool's hook: notes when the first byte of the request is sent."""
        if event == "http11.send_request_headers.started":
            self.bounds.on_the_wire = True

    def begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Take status and headers. Raises AnswerRefused (redirect, bad_encoding, too_large)."""
        self._status = status
        self._headers = _decoded(headers)
        named = {name.lower(): value for name, value in self._headers}
        if 300 <= status < 400 and status != 304:
            raise self._refused(
                "redirect",
                _redirected(named.get("location", "")),
                _STRAIGHT,
            )
        coding = named.get("content-encoding", "").strip().lower()
        if coding not in PLAIN | {"gzip", "x-gzip", "deflate"}:
            raise self._refused("bad_encoding", worded("The answer is encoded in an unknown way."))
        self._decoder = Decoder(coding)
        length = int(named.get("content-length") or 0)
        # A HEAD request's answer gives the length of a body that does not come.
        if length > self.options.limit and self._request.method != "HEAD":
            raise self._too_large()

    def feed(self, chunk: bytes) -> None:
        """Take a piece of the body. Raises AnswerRefused (too_large, bad_encoding)."""
        left = self.options.limit - self._received
        sink = self.options.sink if 200 <= (self._status or 0) < 300 else None
        try:
            for piece in self._decoder.decode(chunk, left + 1):
                self._received += len(piece)
                if self._received > self.options.limit:
                    raise self._too_large()
                if sink is None:
                    self._content += piece
                else:
                    self._content += piece[: _BEGINNING - len(self._content)]
                    sink(piece)
        except zlib.error as error:
            raise self._refused(
                "bad_encoding", worded("The compressed answer is damaged.")
            ) from error

    def response(self) -> httpx2.Response:
        """The complete answer. Raises AnswerRefused (truncated)."""
        if not self._decoder.complete:
            raise self._refused("truncated", _CUT_OFF)
        kept = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in self._headers
            if name.lower() not in _DROPPED_HEADERS
        ]
        return httpx2.Response(
            self._status or 0,
            headers=kept,
            content=bytes(self._content),
            request=self._request,
            extensions={EXTENSION: self._redactor},
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turns errors of the network into IonApiError, and records the exchange at the end."""
        try:
            yield
        except NETWORK_ERRORS as error:
            failure = self._named(error)
            self._record(failure)
            raise failure from error
        except BaseException as error:
            self._record(error)
            raise
        self._record(None)

    def _named(self, error: Exception) -> IonApiError:
        host = self._request.url.host
        detail = self._redactor.text(f"{type(error).__name__}: {error}")[:EXCERPT]
        if isinstance(error, httpcore2.LocalProtocolError):
            text = worded("The request to {host} is not valid HTTP.", host=host)
            return RequestRefused(text, detail=detail)
        closed = self.bounds.closed()
        if closed is not None:
            return closed
        if isinstance(error, httpcore2.RemoteProtocolError) and self._status is not None:
            return self._refused("truncated", _CUT_OFF)
        return connection_failed(host, error, detail=detail, sent=self.sent)

    def _record(self, error: BaseException | None) -> None:
        if self.options.observer is None:
            return
        duration = time.perf_counter() - self._clock
        request_headers = _decoded(self._request.headers.raw)
        body = self.options.body
        shown = self._body if self.options.shown is None else self.options.shown
        self.options.observer(
            Exchange(
                method=self._request.method,
                url=self._redactor.text(str(self._request.url)),
                request_headers=self._redactor.headers(request_headers),
                request_body=shown_body(shown, _media_type(request_headers), self._redactor),
                request_size=len(self._body) if body is None else body.size,
                status=self._status,
                response_headers=self._redactor.headers(self._headers),
                response_body=self._shown_answer(),
                response_size=self._received,
                started=self._started,
                duration=duration,
                error=_error_code(error),
                login=self.options.login,
            )
        )

    def _shown_answer(self) -> str:
        kind = _media_type(self._headers)
        if self._received > len(self._content):
            return f"[{self._received} bytes of {kind or 'unknown type'}]"
        return shown_body(bytes(self._content), kind, self._redactor)

    def _too_large(self) -> AnswerRefused:
        limit = self.options.limit
        size = f"{limit // 1024} KiB" if limit >= 1024 else f"{limit} bytes"
        return self._refused("too_large", worded("The answer is larger than {size}.", size=size))

    def _refused(self, code: str, text: str, remedy: str = "") -> AnswerRefused:
        return AnswerRefused(
            text, code=code, status=self._status or 0, remedy=remedy, sent=not self.options.login
        )


class Decoder:
    """Undoes one content encoding in bounded pieces, and knows whether the end was reached."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 32) if coding not in PLAIN else None
        self._fed = False

    @property
    def complete(self) -> bool:
        """Whether the compressed stream has come to its own end."""
        return self._inflater is None or not self._fed or self._inflater.eof

    def decode(self, chunk: bytes, most: int) -> Iterable[bytes]:
        """Pieces of at most `most` bytes each. Raises zlib.error for damaged data."""
        if self._inflater is None:
            yield chunk
            return
        if not self._fed and self._coding == "deflate" and not _has_zlib_header(chunk):
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._fed = self._fed or bool(chunk)
        while chunk:
            if self._inflater.eof:
                raise zlib.error("data after the end")
            piece = self._inflater.decompress(chunk, most)
            chunk = self._inflater.unconsumed_tail or self._inflater.unused_data
            if piece:
                yield piece


def _has_zlib_header(chunk: bytes) -> bool:
    """RFC 9110 §8.4.1.2: some servers send raw deflate without the zlib header."""
    return len(chunk) < 2 or (chunk[0] & 0x0F == 8 and (chunk[0] << 8 | chunk[1]) % 31 == 0)


_FAILURES = {
    "timeout": (
        N_("{host} did not answer in time."),
        N_(
            "Try again later. If it stays, ask who runs the network whether the host can be"
            " reached."
        ),
    ),
    "refused": (
        N_("{host} refuses the connection."),
        N_(
            "Check the address and the port in the ION API file, and whether the server is running."
        ),
    ),
    "unreachable": (
        N_("{host} cannot be reached."),
        N_("Check the address in the ION API file, and this server's access to the internet."),
    ),
    "certificate": (
        N_("The certificate of {host} is not trusted: {reason}."),
        N_(
            "Check the address in the ION API file. If the server's certificate is of your own "
            "authority, add that one to the trusted authorities of this computer."
        ),
    ),
    "tls": (
        N_("No encrypted connection to {host} could be made."),
        N_("Check the address and the port in the ION API file: https must be spoken there."),
    ),
    "lost": (
        N_("{host} closed the connection without a complete answer."),
        N_("Try again later. If it stays, check the address and the port in the ION API file."),
    ),
}


def connection_failed(
    host: str, error: Exception, *, detail: str, sent: bool = False
) -> ConnectionFailed:
    """The named error for one of `NETWORK_ERRORS`."""
    kind, reason = _failure_kind(error)
    text, remedy = _FAILURES[kind]
    return ConnectionFailed(
        worded(text, host=host, reason=reason),
        kind=kind,
        remedy=worded(remedy),
        detail=detail,
        sent=sent,
    )


def _failure_kind(error: Exception) -> tuple[str, str]:
    """The kind, and for a certificate what is wrong with it."""
    if isinstance(error, httpcore2.TimeoutException | TimeoutError):
        return "timeout", ""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "certificate", cause.verify_message.rstrip(".")
        if isinstance(cause, ssl.SSLError):
            return "tls", ""
        if isinstance(cause, ConnectionRefusedError):
            return "refused", ""
    return ("unreachable" if isinstance(error, httpcore2.ConnectError) else "lost"), ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it. The pool cuts `__cause__`, but the original is an argument."""
    cause: object = error
    while isinstance(cause, BaseException):
        yield cause
        inner = cause.args[0] if cause.args else None
        cause = inner if isinstance(inner, BaseException) else cause.__cause__


def _redirected(location: str) -> str:
    """The sentence for a redirect, with where it leads when that is a proper host."""
    match = re.match(r"https?://(?:[^/@]*@)?([A-Za-z0-9.-]{1,253})(?=[:/?#]|$)", location)
    if match is None:
        return worded("The server answered with a redirect, which is not followed.")
    return worded(
        "The server answered with a redirect to {host}, which is not followed.", host=match[1]
    )


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _error_code(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return error.code if isinstance(error, IonApiError) else type(error).__name__


def _media_type(headers: Iterable[tuple[str, str]]) -> str:
    for name, value in headers:
        if name.lower() == "content-type":
            return value.partition(";")[0].strip().lower()
    return ""
