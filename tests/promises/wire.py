"""What lies between a worker and Infor, or its database: it slows, holds and cuts on command."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

from tests.support.intermediary import Call, Intermediary

CREATE = ("POST", "/IDM/api/items")
PUBLISH = ("POST", "/messaging/service/v2/multipartMessage")
LOG_IN = ("POST", "/token.oauth2")
_CHUNK = 65_536

Script = Callable[[Call], None]


def passed_on(call: Call) -> None:
    """What happens to a call without a script."""
    call.answer(*call.forward(call.read()))


class Wire(Intermediary):
    """A proxy before Infor: scripts take single calls, the others are passed on.

    `answered` counts from the time when Infor was away last.
    """

    def __init__(self, target: str, receive_buffer: int = 0) -> None:
        super().__init__(target, receive_buffer)
        self.is_away = False
        # The access token of the last call that had one.
        self.bearer = ""
        self._scripts: list[tuple[tuple[str, str], Script]] = []
        self._lock = threading.Lock()
        self._late = threading.Lock()
        self._clear = threading.Event()
        self._clear.set()

    def on(self, kind: tuple[str, str], script: Script) -> None:
        """Let a script take the next call of that kind: its method, and how its path ends."""
        with self._lock:
            self._scripts.append((kind, script))

    def count(self, kind: tuple[str, str]) -> int:
        """How many calls of that kind have come."""
        return sum(
            method == kind[0] and path.partition("?")[0].endswith(kind[1])
            for method, path in tuple(self.calls)
        )

    def handle(self, call: Call) -> None:
        """Let its script take the call; cut it while Infor is away."""
        self._clear.wait()
        self.bearer = call.bearer or self.bearer
        if self.is_away:
            self.answered = 0
            call.cut()
        else:
            self._script_of(call.method, call.path)(call)

    def cut_all(self) -> None:
        """Cut the calls under way; what Infor makes of them nobody learns."""
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def forward_late(self, call: Call, body: bytes, *, by: float) -> None:
        """Pass on what was cut off, while other calls wait; after `by` (monotonic) let go of it.

        A gateway does so within its time-out. On a busy machine a test's own thread would not.
        """
        with self._late:
            self._clear.clear()
            try:
                if time.monotonic() <= by:
                    call.forward(body)
            finally:
                self._clear.set()

    def _script_of(self, method: str, path: str) -> Script:
        with self._lock:
            self.calls.append((method, path))
            for number, (kind, script) in enumerate(self._scripts):
                if kind[0] == method and path.partition("?")[0].endswith(kind[1]):
                    del self._scripts[number]
                    return script
        return passed_on


class Relay:
    """Passes bytes on to a server, until it is told to stand still.

    `address` is the path of its socket (PostgreSQL), or host and port.
    """

    def __init__(self, address: str | tuple[str, int]) -> None:
        self._address = address
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flows = threading.Event()
        self._flows.set()
        self._is_cut = False
        self._open: list[socket.socket] = []

    def cut(self) -> None:
        """Close every connection, on both sides, and let none be opened."""
        self._is_cut = True
        self._close_all()

    def mend(self) -> None:
        """Let connections be opened again."""
        self._is_cut = False

    def stand_still(self) -> None:
        """Take no byte and pass none on; nobody is told."""
        self._flows.clear()

    def flow(self) -> None:
        """Go on."""
        self._flows.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._flows.set()
        self._open.append(self._listener)
        self._close_all()

    def _close_all(self) -> None:
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                if self._is_cut:
                    near.close()
                    continue
                is_path = isinstance(self._address, str)
                far = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
                far.connect(self._address)
                self._open += [near, far]
                for pair in ((near, far, self.limit()), (far, near, None)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def limit(self) -> int | None:
        """Return after how many bytes of a client its connection is cut; None: never."""
        return None

    def _pump(self, source: socket.socket, sink: socket.socket, left: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK if left is None else min(_CHUNK, left)):
                self._flows.wait()
                sink.sendall(data)
                if left is not None:
                    left -= len(data)
            source.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
