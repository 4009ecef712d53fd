"""A proxy on loopback that breaks the wire on command: before or after the remote commit."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(slots=True)
class Fault:
    """What happens to the next calls that match: `kind` is one of

    refuse (answer `status` at once), cut (pass on, then cut the connection without an answer),
    break (pass on, then answer `status`), drop (cut without passing on), html (pass on, then
    answer a page for people). A cut comes after `seconds`.
    """

    method: str
    path: str
    kind: str
    status: int = 500
    times: int = 1
    seconds: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b'{"error":{"code":"1","message":"broken on purpose","detail":""}}'


class FaultyProxy:
    """Passes HTTP on to one server; `faults` are used up in their order."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self.target = (parts.hostname or "", parts.port or 80)
        self.faults: list[Fault] = []
        self.calls: list[tuple[str, str]] = []
        # Called after a call was passed on and before its answer goes back.
        self.after_commit: Callable[[str, str], None] = lambda _method, _path: None
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.connections: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def fault(self, method: str, path: str, kind: str, **details: Any) -> None:
        """Add a fault for calls whose path contains `path`."""
        self.faults.append(Fault(method, path, kind, **details))

    def count(self, method: str, path: str) -> int:
        """How many calls came whose path contains `path`."""
        return sum(m == method and path in p for m, p in self.calls)

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.calls.append((method, path))
            for fault in self.faults:
                if fault.method == method and fault.path in path:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
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

    def __init__(self, proxy: FaultyProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        self.server.proxy.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        # The client may be gone, and with it what was not yet flushed.
        with contextlib.suppress(OSError):
            super().finish()
        self.server.proxy.connections.discard(self.request)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.proxy.take(self.command, self.path)
        if fault is None or fault.kind not in ("refuse", "drop"):
            status, headers, content = self._forward(body)
            self.server.proxy.after_commit(self.command, self.path)
        if fault is None:
            self._answer(status, headers, content)
        else:
            self._break(fault)

    def _break(self, fault: Fault) -> None:
        if fault.kind == "html":
            page = b"<!DOCTYPE html><html><body>Sign in</body></html>"
            self._answer(200, (("Content-Type", "text/html"),), page)
        elif fault.kind in ("refuse", "break"):
            self._answer(fault.status, fault.headers, fault.body)
        else:
            threading.Event().wait(fault.seconds)
            self._cut()

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815

    def _forward(self, body: bytes) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection(*self.server.proxy.target, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        kept = [
            (name, value)
            for name, value in answer.getheaders()
            if name.lower() not in ("connection", "content-length", "transfer-encoding")
        ]
        return answer.status, kept, content

    def _answer(self, status: int, headers: Any, content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
