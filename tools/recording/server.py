"""The Infor side in this process: what a request gets, and what an administrator prepares."""

from __future__ import annotations

import asyncio
import html
import http.server
import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlencode

import click.testing
from starlette.types import ASGIApp, Message

URL: Final = "http://127.0.0.1:8400"
TENANT: Final = "IONPORT_TST"
PASSWORD: Final = "correct horse battery"  # noqa: S105
_HIDDEN: Final = re.compile(r'name="(csrf_token|shown_values)" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What an app sent: header names and values in its order."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return the first value of a header, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(slots=True)
class Asker:
    """Sends requests to an app in this process, one after the other; keeps cookies if told to."""

    app: ASGIApp
    cookies: dict[str, str] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Return what the app answers; `target` as in a request line."""
        path, _mark, query = target.partition("?")
        given = {
            "host": URL.partition("//")[2],
            **{k.lower(): v for k, v in (headers or {}).items()},
        }
        if body:
            given["content-length"] = str(len(body))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in given.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8400),
            "state": {},
        }
        return self._loop.run_until_complete(self._run(scope, body))

    async def _run(self, scope: dict[str, Any], body: bytes) -> Answer:
        sent: list[Message] = []
        came = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if came:
                return came.pop()
            await asyncio.sleep(3_600)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        try:
            await self.app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 (an app that fails is a finding, told as one)
            return Answer(0, [], f"{type(error).__name__}: {error}".encode())
        if not sent:
            return Answer(0, [], b"no answer")
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in sent[0]["headers"]]
        parts = (message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], headers, b"".join(parts))

    def close(self) -> None:
        """End what the app left running, such as its connections to targets."""
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.wait(left))
        self._loop.close()

    def send_form(
        self, path: str, fields: Mapping[str, str], *, at: str = "", file: bytes | None = None
    ) -> Answer:
        """Load the page's form (at `at`, if that is elsewhere) and send it, as a browser does."""
        page = self._page("GET", at or path).body.decode()
        hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page) if value}
        content = {**hidden, **fields}
        if file is None:
            kind, body = "application/x-www-form-urlencoded", urlencode(content).encode()
        else:
            kind, body = _multipart(content, file)
        answer = self._page("POST", path, {"content-type": kind, "origin": URL}, body)
        if answer.status not in (200, 303):
            raise SystemExit(f"{path} was refused: {answer.status} {answer.body.decode()[:3_000]}")
        return answer

    def _page(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.ask(method, target, {"cookie": jar, **(headers or {})}, body)
        for name, value in answer.headers:
            if name == "set-cookie":
                key, _sign, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer


def _multipart(fields: Mapping[str, str], file: bytes) -> tuple[str, bytes]:
    mark = uuid.UUID(int=0).hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f.json"\r\n\r\n'
    body = b"".join([*parts, head.encode(), file, f"\r\n--{mark}--\r\n".encode()])
    return f"multipart/form-data; boundary={mark}", body


def command(folder: Path, *arguments: str, stdin: str = "") -> str:
    """Run a command of ionport's on the data folder; returns what it printed."""
    from ionport.cli import main

    done = click.testing.CliRunner().invoke(main, ["--data", str(folder), *arguments], input=stdin)
    if done.exit_code:
        raise SystemExit(f"{arguments} failed: {done.output} {done.exception!r}")
    return done.output


@contextmanager
def serving(folder: Path) -> Iterator[ASGIApp]:
    """Open the data folder and yield the application that `ionport up --sandbox` serves."""
    from ionport.application import open_application
    from ionport.asgi import build_asgi
    from ionport.settings_reading import load_settings

    opened = open_application(load_settings({}, data=folder, public_url=URL, sandbox=True))
    try:
        yield build_asgi(opened)
    finally:
        opened.close()


class _Echo(http.server.BaseHTTPRequestHandler):
    """A target behind the gateway: says what came to it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        came = {
            "method": self.command,
            "path": self.path,
            "headers": {k.lower(): v for k, v in self.headers.items() if k.lower() != "host"},
            "body": self.rfile.read(size).decode(),
        }
        body = json.dumps(came).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "of=the-target")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def target() -> Iterator[str]:
    """Serve a target for the gateway on a free loopback port; yields its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
