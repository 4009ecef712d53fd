"""A real receiver of webhooks on 127.0.0.1 that answers as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The content, after standardwebhooks has verified the signature."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(frozen=True)
class Reply:
    """What is answered: `never` answers nothing until the receiver is closed."""

    status: int = 200
    body: bytes = b"ok"
    headers: tuple[tuple[str, str], ...] = ()
    never: bool = False


@dataclass
class Receiver:
    """What came, and what is answered: `replies` one after another, then the last for ever."""

    url: str
    closed: threading.Event
    calls: list[Call] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    on_call: Callable[[], None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        return int(urlsplit(self.url).port or 0)

    def answer(self, *replies: Reply | int) -> None:
        """Answer so from now on; a number is a status."""
        self.replies = [Reply(each) if isinstance(each, int) else each for each in replies]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve for the time of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            body = self.rfile.read(length)
            if len(body) < length:
                # The caller was cut off.
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            with receiver.lock:
                receiver.calls.append(Call(self.path, headers, body))
                replies = receiver.replies
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
            if receiver.on_call is not None:
                receiver.on_call()
            if reply.never:
                receiver.closed.wait(60)
                self.close_connection = True
                return
            with suppress(OSError):
                self.send_response(reply.status)
                for name, value in (("Content-Length", str(len(reply.body))), *reply.headers):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

        def log_message(self, *_words: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_about: object) -> None:
            """A caller that hangs up is no fault of the test."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook", threading.Event())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closed.set()
        server.shutdown()
        thread.join()
        server.server_close()
