"""The gateway as the whole server has it, and what its own HTTP says: over sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from starlette.types import Message

from ionport.asgi import build_asgi
from ionport.gateway.proxy import custom
from ionport.gateway.suites.model import PolicyType
from ionport.gateway.targets.idle_timeout import IdleTimeout
from tests.support.custom_suites import (
    PUBLIC_PATH,
    CustomSide,
    TargetServer,
    headers_of,
)
from tests.support.infor_side import TENANT
from tests.support.whole import Site, site_on

HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==",
)


async def _echo(request: web.Request) -> web.StreamResponse:
    body = (await request.read()).decode("latin-1")
    return web.json_response({"headers": headers_of(request), "body": body})


@pytest.fixture(scope="module")
def target() -> Iterator[TargetServer]:
    with TargetServer(_echo) as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        yield site


def _exchange(url: str, *lines: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Send a request byte by byte as written; return status, headers and body."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=120) as connection:
        head = "\r\n".join((*lines, "Connection: close", "", ""))
        connection.sendall(head.encode("latin-1") + body)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    head_bytes, _blank, content = answer.partition(b"\r\n\r\n")
    status, *fields = head_bytes.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in fields)
    return int(status.split()[1]), {name.lower(): text for name, text in headers.items()}, content


@pytest.mark.parametrize("path", ["/IDM/api/items", "/CustomerApi/a/b", "/nothing"])
def test_a_websocket_handshake_is_501_at_every_address_of_the_gateway(
    site: Site, path: str
) -> None:
    tenant = site.application.tenant.id
    status, headers, body = _exchange(
        site.application.settings.origin,
        f"GET /{tenant}{path} HTTP/1.1",
        "Host: mingle-ionapi.example.com",
        *HANDSHAKE,
    )
    assert status == 501
    assert json.loads(body)["code"] == "websocket_not_offered"
    assert json.loads(body)["requestId"] == headers["x-request-id"]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/ion-api/IONPORT_TST/available-apis"])
def test_a_websocket_handshake_at_a_page_is_no_failure(site: Site, path: str) -> None:
    host = urlsplit(site.application.settings.origin).netloc
    status, _headers, _body = _exchange(
        site.application.settings.origin, f"GET {path} HTTP/1.1", f"Host: {host}", *HANDSHAKE
    )
    assert status < 500


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/IONPORT_TST/IDM/api/items", "/documents"])
async def test_under_a_server_that_speaks_websocket_the_answer_is_501_too(
    site: Site, path: str
) -> None:
    sent: list[Any] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    app = build_asgi(site.application)
    scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "headers": []}
    await app({**scope, "extensions": {"websocket.http.response": {}}}, receive, send)
    assert sent[0]["status"] == 501
    assert json.loads(sent[1]["body"])["code"] == "websocket_not_offered"
    sent.clear()
    await app({**scope, "extensions": {}}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1003}]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_a_chunked_body_passes_and_its_trailers_are_no_headers(
    side: CustomSide, target: TargetServer
) -> None:
    side.add(target.url)
    token = side.log_in(side.credentials())
    status, _headers, content = _exchange(
        side.url,
        f"POST /{TENANT}{PUBLIC_PATH} HTTP/1.1",
        "Host: any.example.com",
        f"Authorization: Bearer {token}",
        "Transfer-Encoding: chunked",
        "Trailer: X-Trailer",
        body=b"5\r\nfirst\r\n6;a=b\r\nsecond\r\n0\r\n"
        b"X-Trailer: late\r\nX-Infor-LnCompany: 1\r\n\r\n",
    )
    assert status == 200
    seen = json.loads(content)
    assert seen["body"] == "firstsecond"
    names = {name for name, _value in seen["headers"]}
    assert not names & {"trailer", "x-trailer", "x-infor-lncompany"}


def test_a_token_in_the_trailers_opens_nothing(side: CustomSide, target: TargetServer) -> None:
    side.add(target.url)
    token = side.log_in(side.credentials())
    status, _headers, content = _exchange(
        side.url,
        f"POST /{TENANT}{PUBLIC_PATH} HTTP/1.1",
        "Host: any.example.com",
        "Transfer-Encoding: chunked",
        body=f"0\r\nAuthorization: Bearer {token}\r\n\r\n".encode(),
    )
    assert (status, json.loads(content)["code"]) == (401, "token_missing")


AS_TARGETS_WRITE = {
    "/not-modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n",
    "/controls": b"HTTP/1.1 200 OK\r\nX-Note: a\x01b\r\nContent-Length: 2\r\n\r\nok",
    "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
}


def test_what_servers_do_not_write_themselves_reaches_the_client_all_the_same(
    side: CustomSide,
) -> None:
    def answer(server: socket.socket) -> None:
        for _number in AS_TARGETS_WRITE:
            connection, _address = server.accept()
            with connection:
                path = connection.recv(65_536).split(b" ", 2)[1].decode()
                connection.sendall(AS_TARGETS_WRITE[path])

    token = side.log_in(side.credentials())
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        side.add(f"http://localhost:{server.getsockname()[1]}")
        not_modified, controls, cut = (
            _exchange(
                side.url,
                f"GET /{TENANT}{PUBLIC_PATH}{path} HTTP/1.1",
                "Host: any.example.com",
                f"Authorization: Bearer {token}",
            )
            for path in AS_TARGETS_WRITE
        )
        thread.join(120)
    assert not_modified[0] == 304
    assert "content-length" not in not_modified[1]
    assert (controls[0], controls[1]["x-note"], controls[2]) == (200, "a b", b"ok")
    # The head says that the body is missing: no answer of ours takes its place.
    assert (cut[0], cut[1]["content-length"], cut[2]) == (200, "2", b"")


def test_a_client_that_leaves_before_the_answer_leaves_no_call_at_the_target(
    side: CustomSide,
) -> None:
    token = side.log_in(side.credentials())
    parts = urlsplit(side.url)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(120)
        side.add(f"http://localhost:{silent.getsockname()[1]}")
        with socket.create_connection((parts.hostname, parts.port or 80)) as client:
            lines = (
                f"GET /{TENANT}{PUBLIC_PATH} HTTP/1.1",
                "Host: x",
                f"Authorization: Bearer {token}",
            )
            client.sendall("\r\n".join((*lines, "", "")).encode())
            call, _address = silent.accept()
        with call:
            # Without an end it would wait for the 60 seconds of a silent target.
            call.settimeout(30)
            while call.recv(65_536):
                pass


def test_a_policy_says_how_long_the_target_may_be_silent(
    side: CustomSide, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def idle_timeout(seconds: float) -> IdleTimeout:
        waited.append(seconds)
        return IdleTimeout(seconds)

    monkeypatch.setattr(custom, "IdleTimeout", idle_timeout)
    endpoint = side.add(target.url)
    with side.client(side.log_in(side.credentials())) as client:
        client.get(PUBLIC_PATH)
        suite_wide = "<timeout>300000</timeout>"
        side.add_policy(endpoint, PolicyType.TARGET_TIMEOUT, suite_wide, for_suite=True)
        client.get(PUBLIC_PATH)
        side.add_policy(endpoint, PolicyType.TARGET_TIMEOUT, "<timeout>120000</timeout>")
        client.get(PUBLIC_PATH)
    assert waited == [60.0, 300.0, 120.0]


def test_too_many_requests_and_silence_are_told_as_every_refusal_is(
    side: CustomSide, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = side.add(target.url)
    quota = "<interval>1</interval><timeUnit>minute</timeUnit><allow>1</allow>"
    side.add_policy(endpoint, PolicyType.QUOTA, quota)
    with side.client(side.log_in(side.credentials())) as client:
        client.get(PUBLIC_PATH)
        answers = [client.get(PUBLIC_PATH)]
        monkeypatch.setattr(custom, "IdleTimeout", lambda _seconds: IdleTimeout(0.2))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://localhost:{silent.getsockname()[1]}"
            side.add(url, context="Silent")
            answers.append(client.get("/CustomerApi/Silent/Sandbox"))
    assert [answer.status_code for answer in answers] == [429, 504]
    for answer in answers:
        assert set(answer.json()) == {"error", "code", "message", "requestId"}
        assert answer.json()["requestId"] == answer.headers["x-request-id"]
        assert answer.headers["content-type"] == "application/json"
