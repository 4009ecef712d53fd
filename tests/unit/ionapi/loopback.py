"""Real servers on 127.0.0.1 that answer as a test says, and a small Infor made of them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from ionport.ionapi import IonApiFile, Secret

TENANT = "ACME_TST"


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {
            name: values[0]
            for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()
        }


@dataclass(frozen=True)
class Reply:
    """What the server is to answer. `raw` headers are sent as they are."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, data: Any, status: int = 200, **headers: str) -> Reply:
        extra = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return cls(
            status, json.dumps(data).encode(), (("Content-Type", "application/json"), *extra)
        )

    @classmethod
    def html(cls, status: int = 200) -> Reply:
        page = b"<!DOCTYPE html><html><body>Sign in</body></html>"
        return cls(status, page, (("Content-Type", "text/html; charset=utf-8"),))


Answering = Callable[[Received], Reply]


class Loopback:
    """An HTTP server on a free port; keeps what it received."""

    def __init__(self, answering: Answering) -> None:
        self.received: list[Received] = []
        self.answering = answering
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                target = urlsplit(self.path)
                query = parse_qs(target.query, keep_blank_values=True)
                received = Received(
                    self.command,
                    target.path,
                    {name: values[0] for name, values in query.items()},
                    {name.lower(): value for name, value in self.headers.items()},
                    self._body(),
                )
                outer.received.append(received)
                reply = outer.answering(received)
                self.send_response(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Clients of these tests hang up in the middle."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def raw_server(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that accepts connections and lets `speak` write whatever it likes."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                speak(connection)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        done.set()
        # Closing alone does not wake a thread that waits in accept.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def closed_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def credentials(url: str, **changes: Any) -> IonApiFile:
    """A service account's file for the server at `url`. Its secrets are easy to search for."""
    content: dict[str, Any] = {
        "ti": TENANT,
        "cn": "DocBits_TST",
        "dt": "12",
        "ci": f"{TENANT}~{'c' * 43}",
        "cs": Secret("S" * 86),
        "iu": url,
        "pu": f"{url}/{TENANT}/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or_": "revoke_token.oauth2",
        "ev": "V1480769020",
        "v": "1.0",
        "saak": Secret(f"{TENANT}#{'K' * 86}"),
        "sask": Secret("P" * 86),
    }
    return IonApiFile(**content | changes)


@dataclass
class SmallInfor:
    """Tokens, IDM, ION, M3 and LN in a few lines: enough to prove, all switches in the open."""

    refresh_tokens: bool = True
    rotate: bool = False
    expires_in: Any = 7200
    live: set[str] = field(default_factory=set)
    refreshable: set[str] = field(default_factory=set)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    token_reply: Reply | None = None
    idm_reply: Reply | None = None
    ion_reply: Reply | None = None
    m3_reply: Reply | None = None
    ln_reply: Reply | None = None
    logins: int = 0
    refreshes: int = 0
    before_token: Callable[[], object] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0

    def __call__(self, request: Received) -> Reply:
        if request.path.startswith(f"/{TENANT}/as/"):
            return self._authorization_server(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.live:
            return Reply.json({"error": "unauthorized"}, 401)
        if request.path.startswith(f"/{TENANT}/IDM/api/"):
            return self.idm_reply or self._idm(request)
        if request.path.startswith(f"/{TENANT}/IONSERVICES/"):
            return self.ion_reply or self._ion(request)
        if request.path == f"/{TENANT}/M3/m3api-rest/v2/execute/APS450MI/GetUserInfo":
            return self.m3_reply or self._m3_user()
        if request.path.startswith(f"/{TENANT}/LN/c4ws/services/"):
            return self.ln_reply or Reply(200, b"<definitions/>")
        return Reply.json({}, 404)

    @staticmethod
    def _m3_user() -> Reply:
        user = {"ZZUSID": "ADA", "ZDCONO": "100", "ZDDIVI": "AAA"}
        return Reply.json({"results": [{"transaction": "GetUserInfo", "records": [user]}]})

    def _authorization_server(self, request: Received) -> Reply:
        if request.path.endswith("revoke_token.oauth2"):
            self.live.clear()
            self.refreshable.discard(request.form["token"])
            return Reply()
        self.before_token()
        with self._lock:
            refreshing = request.form["grant_type"] == "refresh_token"
            self.refreshes += refreshing
            self.logins += not refreshing
            if self.token_reply is not None:
                return self.token_reply
            if refreshing and request.form["refresh_token"] not in self.refreshable:
                return Reply.json({"error": "invalid_grant"}, 400)
            return self._tokens(request.form.get("refresh_token"))

    def _tokens(self, refresh_token: str | None) -> Reply:
        self._count += 1
        access_token = f"access-{self._count:04}"
        self.live.add(access_token)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        }
        if self.refresh_tokens:
            if refresh_token is None or self.rotate:
                self.refreshable.discard(refresh_token or "")
                refresh_token = f"refresh-{self._count:04}"
                self.refreshable.add(refresh_token)
            answer["refresh_token"] = refresh_token
        return Reply.json(answer)

    def _idm(self, request: Received) -> Reply:
        path = request.path.removeprefix(f"/{TENANT}/IDM/api/")
        if path == "datamodel/entities":
            entity = {"name": "M3_SupplierInvoice", "desc": "Supplier invoice"}
            return Reply.json({"entities": {"entity": [entity]}})
        if path == "items" and request.method == "POST":
            return self._create(json.loads(request.body)["item"])
        if path == "items/search":
            wanted = request.query["$query"].partition('= "')[2].removesuffix('"]')
            hits = [
                item
                for item in self.items.values()
                if any(a["value"] == wanted.replace('""', '"') for a in item["attrs"]["attr"])
            ]
            return Reply.json({"items": {"item": hits}})
        pid = path.split("/")[1]
        if pid not in self.items:
            return Reply.json({"error": {"code": "404", "message": "No such item"}}, 404)
        if path.endswith("/resource/stream"):
            return Reply(200, b"%PDF-1.7 content", (("Content-Type", "application/pdf"),))
        if request.method == "DELETE":
            del self.items[pid]
            return Reply()
        return Reply.json({"item": self.items[pid]})

    def _create(self, item: dict[str, Any]) -> Reply:
        number = str(len(self.items) + 1)
        pid = f"{item['entityName']}-{number}-0-LATEST"
        resources = [
            {"name": "", "filename": res["filename"], "mimetype": "application/pdf", "size": 3}
            for res in item["resrs"]["res"]
        ]
        self.items[pid] = {
            **item,
            "pid": pid,
            "id": number,
            "version": "0",
            "createdTS": "2026-03-05T10:00:00.000Z",
            "resrs": {"res": resources},
        }
        return Reply.json({"item": self.items[pid]})

    def _ion(self, request: Received) -> Reply:
        if request.path.endswith("/ping"):
            return Reply()
        return Reply.json({"status": "OK", "message": "Published successfully"}, 201)
