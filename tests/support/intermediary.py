"""An HTTP server on loopback that stands before another and decides what happens to each call."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import threading
import time
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

_CHUNK = 65_536
_FORWARD_SECONDS = 120


class Call:
    """One request on its way: it is read, forwarded, answered or cut, in any order."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self.method = handler.command
        self.path = handler.path
        self.bearer = str(handler.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.length = int(handler.headers.get("Content-Length") or 0)

    def read(self, seconds: float = 0.0) -> bytes:
        """Read the body, evenly over `seconds`.

        Raises:
            ConnectionError: the client hung up meanwhile: of a slow line, nothing comes after that.
        """
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
        # What is small lies in this side's kernel before it is read, whatever the client does then.
        if seconds and _is_closed(self._handler.connection):
            raise ConnectionError("the client hung up")
        return bytes(body)

    def forward(self, body: bytes) -> tuple[int, Any, bytes]:
        """Send it to the server behind and return status, headers and content of the answer."""
        target = self._handler.server.intermediary.target
        connection = http.client.HTTPConnection(*target, timeout=_FORWARD_SECONDS)
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
        """Answer the client."""
        self._handler.send_response_only(status)
        for name, value in headers:
            self._handler.send_header(name, value)
        self._handler.send_header("Content-Length", str(len(content)))
        self._handler.end_headers()
        self._handler.wfile.write(content)
        self._handler.server.intermediary.answered += 1

    def cut(self) -> None:
        """Close the connection without an answer."""
        self._handler.close_connection = True
        with contextlib.suppress(OSError):
            self._handler.connection.shutdown(socket.SHUT_RDWR)


def _is_closed(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


class Intermediary(ABC):
    """Listens while its block runs; a subclass says what happens to a call.

    `receive_buffer` in bytes keeps what is not read in the sender's kernel.
    """

    def __init__(self, target: str, receive_buffer: int = 0) -> None:
        parts = urlsplit(target)
        self.target = (parts.hostname or "", parts.port or 80)
        self.calls: list[tuple[str, str]] = []
        # How many calls were answered.
        self.answered = 0
        self.connections: set[socket.socket] = set()
        self._server = _Server(self, receive_buffer)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @abstractmethod
    def handle(self, call: Call) -> None:
        """Do what happens to this call; an OSError cuts it."""

    def __enter__(self) -> Self:
        # The time is how long the end of the block may wait for the thread.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
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

    def __init__(self, intermediary: Intermediary, receive_buffer: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.server_bind()
        self.server_activate()
        self.intermediary = intermediary

    def handle_error(self, _request: object, _address: object) -> None:
        """Say nothing: connections are cut on purpose, and clients killed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        self.server.intermediary.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        # The client may be gone, and with it what was not yet flushed.
        with contextlib.suppress(OSError):
            super().finish()
        self.server.intermediary.connections.discard(self.request)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _pass(self) -> None:
        call = Call(self)
        try:
            self.server.intermediary.handle(call)
        except OSError:
            # The client or the server behind is gone, or the test ends.
            call.cut()

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815
