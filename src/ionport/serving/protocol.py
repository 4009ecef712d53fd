"""HTTP/1.1 on a connection: uvicorn's protocol with bounds on what a client may send.

A head (request line and headers) has at most `MAX_HEAD_BYTES` and `MAX_HEADERS` lines and comes
within `HEAD_SECONDS`; a body may be as long as the app takes it, but does not stand still for
`BODY_IDLE_SECONDS`. What goes beyond is refused before it is kept: the parser beneath adds up a
header's pieces by copying, so that a header of 150 MB would stop the event loop for half a minute.
"""

from __future__ import annotations

import asyncio
import http
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ionport.gateway.caller import CUT_EXTENSION

MAX_HEAD_BYTES: Final = 65_536
MAX_HEADERS: Final = 100
HEAD_SECONDS: Final = 30.0
BODY_IDLE_SECONDS: Final = 60.0
# How long a refused client may go on sending: closing at once would destroy the answer on its way.
LINGER_SECONDS: Final = 2.0
LINGER_BYTES: Final = 1_048_576
# An answer's head and small body together; beyond this much, writing at once costs nothing.
_JOINED_BYTES: Final = 16_384
# ION's custom properties have an underscore in their names, and can be taken for no other header.
_WITH_UNDERSCORE: Final = b"x-infor-ion-custom_"
# A second one would be read by one server and not by another (RFC 9110 §5.3, RFC 9112 §3.2).
_ONCE: Final = frozenset((b"authorization", b"content-length", b"content-type", b"host", b"origin"))


class _Refused(Exception):
    """Stops the parser; the protocol knows the status and the text."""


class ServerProtocol(HttpToolsProtocol):
    """uvicorn's protocol, bounded, and with small answers in one packet.

    uvicorn writes an answer's head and body one after the other, which is two calls of the system
    and wakes the client twice. Requests carry the extension that cuts their connection: the
    sandbox's faults use it. What follows the last chunk of a body is dropped: uvicorn takes it for
    headers, which would let a client bypass a proxy that checks headers in front of us (RFC 9110
    §6.5.1). A header whose name has an underscore is dropped too, but for ION's custom properties:
    a server behind us may read `Content_Length` as `Content-Length`.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = JoinedWrites(transport, self.loop)
        # uvicorn goes by the logger's handlers, which others may add; addresses can hold tokens.
        self.access_log = False
        self._is_refused = False
        self._refusal = (400, "Invalid HTTP request received.")
        self._is_in_head = True
        self._has_head_begun = False
        self._header_count = 0
        # Bytes since the parser last finished a head or handed on a part of a body, and how often
        # it has done so.
        self._pending_bytes = 0
        self._parts = 0
        self._parts_seen = 0
        self._has_stood_still = False
        self._lingered_bytes: int | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._linger_timer: asyncio.TimerHandle | None = None
        self._head_timer: asyncio.TimerHandle | None = self.loop.call_later(
            HEAD_SECONDS, self._on_late_head
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timers()
        if self._linger_timer is not None:
            self._linger_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        offset, size = 0, len(data)
        while offset < size and not self._is_refused and self.parser is not None:
            space = MAX_HEAD_BYTES - self._pending_bytes
            piece = data if size <= space else memoryview(data)[offset : offset + space]
            offset += len(piece)
            self._feed(piece)
        if self._lingered_bytes is not None:
            self._lingered_bytes += size - offset
            if self._lingered_bytes > LINGER_BYTES:
                self.transport.close()

    def _feed(self, piece: bytes | memoryview) -> None:
        parts = self._parts
        super().data_received(piece)  # type: ignore[arg-type]
        if self._is_refused:
            return
        self._pending_bytes = self._pending_bytes + len(piece) if parts == self._parts else 0
        if self._pending_bytes >= MAX_HEAD_BYTES:
            self._refuse(431, f"The request's head is longer than {MAX_HEAD_BYTES} bytes.")
        elif not self._is_in_head:
            if self._body_timer is None:
                self._watch_body()
        elif self._head_timer is None and (self._has_head_begun or self._pending_bytes):
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._on_late_head)

    # What the parser calls

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_head_begun = True
        self._header_count = 0
        self.scope["extensions"] = {CUT_EXTENSION: self.transport.abort}  # type: ignore[dict-item]

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_count += 1
        if self._header_count > MAX_HEADERS:
            self._refusal = (431, f"The request has more than {MAX_HEADERS} headers.")
            raise _Refused
        name = name.lower()
        if name == b"expect":
            super().on_header(name, value)
        elif b"_" not in name or name.startswith(_WITH_UNDERSCORE):
            # As uvicorn does it: every request passes through here several times.
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._check_headers()
        super().on_headers_complete()
        # Trailers go into a list of their own, which is not read.
        self.headers = self.headers.copy()
        self._parts += 1
        self._is_in_head = self._has_head_begun = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def on_body(self, body: bytes) -> None:
        self._parts += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._parts += 1
        self._is_in_head = True
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser stopped at."""
        self._refuse(*self._refusal)

    def _check_headers(self) -> None:
        names = [name for name, _value in self.headers]
        text = ""
        if len(set(names)) < len(names):
            twice = sorted(name for name in _ONCE if names.count(name) > 1)
            if twice:
                text = f"The header {twice[0].decode('ascii').title()} must not be sent twice."
        if b"host" not in names and self.parser.get_http_version() == "1.1":
            text = "The request has no Host header."
        if text:
            self._refusal = (400, text)
            raise _Refused

    # What comes too late

    def _on_late_head(self) -> None:
        self._head_timer = None
        if self.flow.read_paused:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._on_late_head)
        elif self._has_head_begun or self._pending_bytes:
            self._refuse(408, f"The request's head did not come within {HEAD_SECONDS:.0f} seconds.")
        else:
            # There was no request yet: browsers open connections in advance.
            self.transport.close()

    def _watch_body(self) -> None:
        self._parts_seen = self._parts
        self._has_stood_still = False
        self._body_timer = self.loop.call_later(BODY_IDLE_SECONDS, self._look_at_body)

    def _look_at_body(self) -> None:
        """Refuse a body that stood still at two looks, although its bytes would have been taken."""
        self._body_timer = None
        is_asked_for = not self.flow.read_paused and not (
            self.cycle.waiting_for_100_continue and not self.cycle.response_complete
        )
        if not is_asked_for or self._parts != self._parts_seen:
            self._watch_body()
        elif self._has_stood_still:
            self._refuse(408, f"The body stood still for {BODY_IDLE_SECONDS:.0f} seconds.")
        else:
            self._has_stood_still = True
            self._body_timer = self.loop.call_later(BODY_IDLE_SECONDS, self._look_at_body)

    # How it is said

    def _refuse(self, status: int, text: str) -> None:
        """Answer `status` where an answer is still due, and end the connection."""
        self._is_refused = True
        self._stop_timers()
        self._unset_keepalive_if_required()
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            is_due = self._is_in_head
        elif self._is_in_head:
            # An earlier request is being answered: it gets its answer, and no later one does.
            cycle.keep_alive = False
            return
        else:
            is_due = not cycle.response_started and not self.pipeline
            cycle.disconnected = True
            cycle.message_event.set()
        if not is_due or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write(self._answer(status, text))
        self.transport.write_eof()
        self._lingered_bytes = 0
        self._linger_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _answer(self, status: int, text: str) -> bytes:
        lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}".encode()]
        lines += [name + b": " + value for name, value in self.server_state.default_headers]
        lines += [
            b"content-type: text/plain; charset=utf-8",
            b"content-length: %d" % (len(text) + 1),
            b"x-content-type-options: nosniff",
            b"connection: close",
            b"",
            text.encode("ascii") + b"\n",
        ]
        return b"\r\n".join(lines)

    def _stop_timers(self) -> None:
        for timer in (self._head_timer, self._body_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._body_timer = None


class JoinedWrites(asyncio.Transport):
    """A transport that writes at the end of the event loop's turn, or when enough has come."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes | bytearray | memoryview[Any]] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > _JOINED_BYTES:
            self._flush()

    def can_write_eof(self) -> bool:
        return not self._transport.is_closing() and self._transport.can_write_eof()

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _flush(self) -> None:
        if not self._parts:
            return
        parts, self._parts, self._size = self._parts, [], 0
        if not self._transport.is_closing():
            self._transport.write(b"".join(parts) if len(parts) > 1 else parts[0])
