"""What lies between a worker and Infor, or its database: it slows, holds and cuts on command."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

CREATE = ("POST", "/IDM/api/items")
PUBLISH = ("POST", "/messaging/service/v2/multipartMessage")
LOG_IN = ("POST", "/token.oauth2")
_CHUNK = 65_536


class Call:
    """One request on its way: a script reads, forwards, answers or cuts it, in any order."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self.method = handler.command
        self.path = handler.path
        self.bearer = str(handler.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.length = int(handler.headers.get("Content-Length") or 0)

    def read(self, seconds: float = 0.0) -> bytes:
        """Read the body, evenly over `seconds`."""
        body = bytearray()
        waiting, began = threading.Event(), time.monotonic()
        while len(body) < self.length:
            chunk = self._handler.rfile.read1(min(_CHUNK, self.length - len(body)))
            if not chunk:
                raise ConnectionError("the client hung up")
            body += chunk
            if seconds:
                ahead = began + seconds * len(body) / self.length - time.monotonic()
                waiting.wait(max(ahead, 0.0))
        return bytes(body)

    def forward(self, body: bytes) -> tuple[int, Any, bytes]:
        """Send it to Infor and return status, headers and content of the answer."""
        connection = http.client.HTTPConnection(*self._handler.server.wire.target, timeout=30)
        headers = {k: v for k, v in self._handler.headers.items() if k.lower() != "connection"}
        connection.request(self.method, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        kept = [
            (name, value)
            for name, value in answer.getheaders()
            if name.lower() not in ("connection", "content-length", "transfer-encoding")
        ]
        return answer.status, kept, content

    def answer(self, status: int, headers: Any, content: bytes) -> None:
        """Answer the worker."""
        self._handler.send_response_only(status)
        for name, value in headers:
            self._handler.send_header(name, value)
        self._handler.send_header("Content-Length", str(len(content)))
        self._handler.end_headers()
        self._handler.wfile.write(content)
        self._handler.server.wire.answered += 1

    def cut(self) -> None:
        """Close the connection without an answer."""
        self._handler.close_connection = True
        with contextlib.suppress(OSError):
            self._handler.connection.shutdown(socket.SHUT_RDWR)


Script = Callable[[Call], None]


def passed_on(call: Call) -> None:
    """What happens to a call without a script."""
    call.answer(*call.forward(call.read()))


class Wire:
    """A proxy before Infor: scripts take single calls, the others are passed on.

    `receive_buffer` in bytes keeps what is not read in the sender's kernel.
    """

    def __init__(self, target: str, receive_buffer: int = 0) -> None:
        parts = urlsplit(target)
        self.target = (parts.hostname or "", parts.port or 80)
        self.calls: list[tuple[str, str]] = []
        self.is_away = False
        # How many calls were answered since Infor was away last.
        self.answered = 0
        self.connections: set[socket.socket] = set()
        self._scripts: list[tuple[tuple[str, str], Script]] = []
        self._lock = threading.Lock()
        self._server = _Server(self, receive_buffer)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def on(self, kind: tuple[str, str], script: Script) -> None:
        """Let a script take the next call of that kind: its method, and how its path ends."""
        with self._lock:
            self._scripts.append((kind, script))

    def take(self, method: str, path: str) -> Script:
        with self._lock:
            self.calls.append((method, path))
            for number, (kind, script) in enumerate(self._scripts):
                if kind[0] == method and path.partition("?")[0].endswith(kind[1]):
                    del self._scripts[number]
                    return script
        return passed_on

    def count(self, kind: tuple[str, str]) -> int:
        """How many calls of that kind have come."""
        return sum(
            method == kind[0] and path.partition("?")[0].endswith(kind[1])
            for method, path in tuple(self.calls)
        )

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    # Closing waits for the handlers, whose connections are cut first.
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, wire: Wire, receive_buffer: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.server_bind()
        self.server_activate()
        self.wire = wire

    def handle_error(self, _request: object, _address: object) -> None:
        """Say nothing: connections are cut on purpose, and workers killed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        self.server.wire.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        # The client may be gone, and with it what was not yet flushed.
        with contextlib.suppress(OSError):
            super().finish()
        self.server.wire.connections.discard(self.request)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _pass(self) -> None:
        call = Call(self)
        if self.server.wire.is_away:
            self.server.wire.answered = 0
            call.cut()
            return
        try:
            self.server.wire.take(self.command, self.path)(call)
        except OSError:
            # Worker or Infor is gone, or the test ends.
            call.cut()

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815


class Relay:
    """Passes bytes on to a PostgreSQL server's socket, until it is told to stand still."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._flows = threading.Event()
        self._flows.set()
        self._open: list[socket.socket] = []

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
        for connection in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._path)
                self._open += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._flows.wait()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
