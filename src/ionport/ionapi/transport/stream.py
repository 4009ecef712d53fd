"""A TCP or TLS connection on which nothing is sent and nothing is awaited past a call's bounds.

A write is handed to the kernel in small pieces, each after a look at the clock that counts while
the machine sleeps. What the kernel still holds when the time is over is dropped with the
connection.

What stays open: a process that is stopped between that look and the kernel's work sends one piece
late; of a stopped process the kernel goes on sending what it holds, at most `NOT_SENT` and what
was in flight, to a peer that goes on reading; a peer that does not, loses the connection one
retransmission after the end (TCP_USER_TIMEOUT), which is counted without the machine's sleep.
"""

from __future__ import annotations

import math
import select
import socket
import ssl
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import httpcore2

from ..sending import boot_time
from .bounds import CALL, CallBounds

if sys.platform != "win32":
    import fcntl
    import termios

# How much the kernel may hold that has not left yet. It asks for more when less than half of
# that is left, so with pieces of the other half it never holds more.
NOT_SENT = 64 * 1024
PIECE = NOT_SENT // 2
# The kernel's waits stand still while the machine sleeps: the clock is looked at this often.
LONGEST_SLEEP = 1.0

_LINGER = struct.Struct("ii")
_LONGEST_USER_TIMEOUT = 2**31 - 1
# Linux has them; elsewhere only the looks at the clock bound a call.
_TCP_USER_TIMEOUT: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)
_TCP_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class BoundedStream(httpcore2.NetworkStream):
    """One connection. The bounds are those of the call that the running thread makes (`CALL`).

    A read or write past them raises what `CallBounds.left` does. Unused for longer than
    `idle_for` seconds, the connection is taken for one that the peer has closed.

    While an answer is due, closing resets the connection, also when the process is killed: what
    the kernel has not delivered is thrown away (SO_LINGER 0; no close_notify of TLS). An idle
    connection is shut down in the orderly way.
    """

    def __init__(self, inner: httpcore2.NetworkStream, *, idle_for: float) -> None:
        self._inner = inner
        self._idle_for = idle_for
        self._sock: socket.socket = inner.get_extra_info("socket")
        self._sock.setblocking(False)
        self._encrypted = isinstance(self._sock, ssl.SSLSocket)
        self._resets = False
        self._answer_due = False
        self._used = boot_time()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hand all of `buffer` to the kernel, waiting at most `timeout` seconds for each piece."""
        if not buffer:
            return
        call = CALL.get()
        if not self._resets:
            self._reset_on_close()
        self._answer_due = True
        rest = memoryview(buffer)
        try:
            while rest:
                taken, writing = self._send(rest[:PIECE], call)
                rest = rest[taken:]
                if rest:
                    self._wait(call, timeout, writing=writing)
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(error) from error
        except OSError as error:
            raise httpcore2.WriteError(error) from error

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has arrived, at most `max_bytes`; nothing when the peer has closed."""
        # Whatever fails here, and for whatever reason: the answer is not read to its end.
        self._answer_due = True
        try:
            data = self._receive(max_bytes, CALL.get(), timeout)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(error) from error
        except OSError as error:
            raise httpcore2.ReadError(error) from error
        self._answer_due = not data
        self._used = boot_time()
        return data

    def close(self) -> None:
        """Close: reset the connection while an answer is due, else shut it down."""
        if self._resets and not self._answer_due and self._is_delivered():
            with suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(0, 0))
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """The connection with TLS, after the handshake."""
        inner = self._inner.start_tls(ssl_context, server_hostname, CALL.get().left(timeout))
        return BoundedStream(inner, idle_for=self._idle_for)

    def get_extra_info(self, info: str) -> Any:
        """As httpcore's own stream has it."""
        if info == "is_readable" and boot_time() - self._used > self._idle_for:
            return True  # httpcore takes an idle connection that can be read for a closed one
        return self._inner.get_extra_info(info)

    def _send(self, piece: memoryview, call: CallBounds) -> tuple[int, bool]:
        """How many bytes the kernel took, and whether its buffer is full (or TLS must read first).

        Between the last look at the clock and the kernel's own work lies nothing that waits.
        """
        self._bound_kernel(call)
        began = call.on_the_wire
        call.left()
        call.on_the_wire = True
        try:
            return self._sock.send(piece), True
        except ssl.SSLWantReadError:
            return 0, False
        except ssl.SSLWantWriteError:
            return 0, True
        except OSError as error:
            # Nothing was taken. Of TLS a part of a record may have been.
            call.on_the_wire = began or self._encrypted
            if isinstance(error, BlockingIOError):
                return 0, True
            raise

    def _receive(self, max_bytes: int, call: CallBounds, timeout: float | None) -> bytes:
        while True:
            call.look_before_reading()
            try:
                return self._sock.recv(max_bytes)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(call, timeout, writing=False)
            except ssl.SSLWantWriteError:
                self._wait(call, timeout, writing=True)

    def _wait(self, call: CallBounds, timeout: float | None, *, writing: bool) -> None:
        """Return when the socket can be written or read. Raises TimeoutError after `timeout`."""
        until = boot_time() + (math.inf if timeout is None else timeout)
        while True:
            left = min(call.left(), until - boot_time())
            if left <= 0:
                raise TimeoutError("timed out")
            if _is_ready(self._sock, min(left, LONGEST_SLEEP), writing=writing):
                return

    def _reset_on_close(self) -> None:
        """From the first byte of a call on, and for each later one."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(1, 0))
        if _TCP_NOTSENT_LOWAT is not None:
            self._sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, NOT_SENT)
        self._resets = True

    def _bound_kernel(self, call: CallBounds) -> None:
        """Let the kernel end the connection to a peer that acknowledges nothing (RFC 5482)."""
        if _TCP_USER_TIMEOUT is not None:
            milliseconds = max(1, int(min(call.ends_in * 1000, _LONGEST_USER_TIMEOUT)))
            self._sock.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, milliseconds)

    def _is_delivered(self) -> bool:
        """Whether the peer has acknowledged all that was written."""
        if sys.platform == "win32" or self._sock.fileno() < 0:
            return True
        try:
            return not any(fcntl.ioctl(self._sock, termios.TIOCOUTQ, bytes(4)))
        except OSError:
            return False


def _is_ready(sock: socket.socket, seconds: float, *, writing: bool) -> bool:
    if sys.platform == "win32":
        sockets: Iterable[socket.socket] = (sock,)
        return any(
            select.select(() if writing else sockets, sockets if writing else (), (), seconds)
        )
    poll = select.poll()
    poll.register(sock, select.POLLOUT if writing else select.POLLIN)
    return bool(poll.poll(math.ceil(seconds * 1000)))
