"""A server whose test decides when it reads, and a sender in a process of its own."""

from __future__ import annotations

import array
import fcntl
import json
import math
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ionport.ionapi import boot_time
from tests.support.patience import PATIENCE, TooSlow

ROOT = Path(__file__).parents[3]


class Receiver:
    """Takes one connection and reads from it only when it is told to; its buffer is small.

    It undoes TLS itself: an SSLSocket takes a reset connection for one that was closed.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.connection: socket.socket | None = None
        self.received = b""
        self.end = ""

    def accept(self, *, by: float = math.inf) -> socket.socket:
        """Take the connection. Raises TooSlow when there is none `by` then, on `boot_time`."""
        self._listener.settimeout(max(0.001, min(PATIENCE, by - boot_time())))
        try:
            self.connection = self._listener.accept()[0]
        except TimeoutError:
            raise TooSlow from None
        self.connection.settimeout(PATIENCE)
        if self._context is not None:
            self._shake_hands(self.connection, self._context)
        return self.connection

    def read_to_the_end(self, *, pause: float = 0.0) -> None:
        """Read until the peer hangs up; `end` is then "reset", "closed", or "notified" (TLS)."""
        assert self.connection is not None
        try:
            while data := self.connection.recv(16384):
                self._take(data)
                time.sleep(pause)
            self.end = self.end or "closed"
        except ConnectionResetError:
            self.end = self.end or "reset"

    def read_the_request(self) -> None:
        """Read until the request is complete. Raises TooSlow when the peer hangs up before."""
        assert self.connection is not None
        try:
            while not self.is_complete:
                data = self.connection.recv(16384)
                if not data:
                    raise TooSlow
                self._take(data)
        except ConnectionResetError:
            raise TooSlow from None

    def read_what_was_sent(self) -> None:
        """Read until neither kernel holds anything of it, or the peer's has given up."""
        assert self.connection is not None
        port = self.connection.getpeername()[1]
        self.connection.setblocking(False)
        while (held_by_kernel(port) or 0) + waiting_to_be_read(self.connection):
            try:
                self._take(self.connection.recv(16384))
            except BlockingIOError:
                time.sleep(0.001)
            except ConnectionResetError:
                self.end = "reset"
                break
        self.connection.settimeout(PATIENCE)

    def _shake_hands(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, outgoing, server_side=True)
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                if not (data := connection.recv(16384)):
                    raise ConnectionResetError from None
                self._incoming.write(data)
            else:
                connection.sendall(outgoing.read())
                return

    def _take(self, data: bytes) -> None:
        if self._context is None:
            self.received += data
            return
        self._incoming.write(data)
        with suppress(ssl.SSLWantReadError):
            while piece := self._tls.read(65536):
                self.received += piece
            self.end = "notified"

    @property
    def is_complete(self) -> bool:
        """Whether a whole request has arrived."""
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return False
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return len(body) >= int(length)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake a thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self.connection is not None:
            self.connection.close()


class Sender:
    """A process that makes one call of an IonApiClient at a time, and can be frozen.

    What it says is a list: `["window", end_by]` when it asked for the right to send, and at the
    end `["answered"]`, or the error's class and its `sent`.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._at_work = False

    def send(self, **command: Any) -> None:
        """Start a call: `iu` and `pu`, `size` of the body, `window` in seconds or None.

        A call that has not said how it ended is ended with its process.
        """
        self.finish()
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.unit.ionapi.sender"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        self._at_work = True

    def said(self) -> list[Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], PATIENCE)[0], "it says nothing"
        said: list[Any] = json.loads(self._process.stdout.readline())
        self._at_work = said[0] == "window"
        return said

    def finish(self) -> None:
        """End the process when it has not said how its call ended."""
        if self._at_work:
            self.close()

    def freeze(self, *, by: float = math.inf) -> None:
        """Stop the process. Raises TooSlow when it stands still only after `by` on `boot_time`."""
        self._signal(signal.SIGSTOP)
        until(lambda: self._state() == "T")
        if boot_time() >= by:
            raise TooSlow

    def freeze_at_rest(self, *, by: float) -> None:
        """As `freeze`, once it waits: for the answer, when the request was read to its end."""
        until(lambda: self._state() == "S")
        self.freeze(by=by)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE)

    def close(self) -> None:
        if self._process is not None:
            with suppress(OSError):
                self.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                with suppress(OSError):
                    pipe.close()
        self._at_work = False

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _state(self) -> str:
        assert self._process is not None
        stat = Path(f"/proc/{self._process.pid}/stat").read_text("ascii")
        return stat.rpartition(") ")[2][0]


def until(happened: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def held_by_kernel(port: int, peer: int | None = None) -> int | None:
    """Bytes that a connection of this machine from `port` has not delivered; None: it is gone.

    `peer` is the other end's port, where a listener and other connections have the same.
    """
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if local == f"0100007F:{port:04X}" and (peer is None or remote.endswith(f":{peer:04X}")):
            return int(queues.partition(":")[0], 16)
    return None


def waiting_to_be_read(connection: socket.socket) -> int:
    """Bytes that have arrived and nobody has read."""
    size = array.array("i", [0])
    fcntl.ioctl(connection, termios.FIONREAD, size)
    return size[0]


def in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
