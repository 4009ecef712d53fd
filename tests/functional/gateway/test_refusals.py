"""What the gateway refuses itself, with which status and code, and what it then tells."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web

from ionport.gateway.suites.model import ProxySecurity
from ionport.gateway.targets.security import SecurityDraft, SecurityType
from ionport.identity.access import Access
from tests.support.custom_suites import (
    CONTEXT,
    PUBLIC_PATH,
    CustomSide,
    TargetServer,
    send_raw,
    sqlite_side,
)
from tests.support.infor_side import OPERATOR, OTHER_TENANT, SCOPE, TENANT


@pytest.fixture(scope="module")
def target() -> Iterator[TargetServer]:
    async def answer(request: web.Request) -> web.StreamResponse:
        # An answer before the end of the body would be passed on as it is, whatever is to come.
        async for _piece in request.content.iter_any():
            pass
        return web.Response(text="done")

    with TargetServer(answer) as server:
        yield server


@pytest.fixture
def side(tmp_path: Path) -> Iterator[CustomSide]:
    with sqlite_side(tmp_path, max_proxied_bytes=2_000_000) as side:
        yield side


def _refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the gateway itself said no, and return the body."""
    assert answer.status_code == status
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["message"]
    assert body["requestId"] == answer.headers["x-request-id"]
    return body


def test_a_token_is_asked_for_before_anything_is_told(
    side: CustomSide, target: TargetServer
) -> None:
    side.add(target.url)
    for path in (PUBLIC_PATH, f"/CustomerApi/{CONTEXT}/no-such", "/CustomerApi/no-such/x"):
        _refused(httpx2.get(f"{side.url}/{TENANT}{path}"), 401, "token_missing")


@pytest.mark.parametrize(
    "path",
    [
        "/CustomerApi",
        f"/CustomerApi/{CONTEXT}",
        "/CustomerApi/x/y",
        "/CustomerApi/%00/%ff",
        f"/CustomerApi/{CONTEXT}/{'x' * 5000}",
        f"/{CONTEXT}/Sandbox",
        "/x",
    ],
)
def test_an_unknown_suite_is_404(
    side: CustomSide, client: httpx2.Client, target: TargetServer, path: str
) -> None:
    side.add(target.url)
    _refused(client.get(path), 404, "unknown_api_suite")


def test_another_tenants_suite_is_404(side: CustomSide, target: TargetServer) -> None:
    side.add(target.url)
    token = side.log_in(side.credentials(OTHER_TENANT))
    with side.client(token, OTHER_TENANT) as client:
        _refused(client.get(PUBLIC_PATH), 404, "unknown_api_suite")


def test_a_deactivated_suite_or_endpoint_is_403(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    endpoint = side.add(target.url)
    service = side.suites.service
    with side.database.write() as work:
        service.set_endpoint_active(Access(work, SCOPE, OPERATOR), endpoint.id, active=False)
    _refused(client.get(PUBLIC_PATH), 403, "api_deactivated")
    with side.database.write() as work:
        service.set_endpoint_active(Access(work, SCOPE, OPERATOR), endpoint.id, active=True)
    assert client.get(PUBLIC_PATH).status_code == 200
    with side.database.write() as work:
        service.set_suite_active(Access(work, SCOPE, OPERATOR), endpoint.suite_id, active=False)
    _refused(client.get(PUBLIC_PATH), 403, "api_deactivated")


def test_a_deleted_suite_is_gone_at_the_next_request(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    endpoint = side.add(target.url)
    assert client.get(PUBLIC_PATH).status_code == 200
    with side.database.write() as work:
        side.suites.service.delete_suite(Access(work, SCOPE, OPERATOR), endpoint.suite_id)
    _refused(client.get(PUBLIC_PATH), 404, "unknown_api_suite")


def test_steps_upwards_are_400(side: CustomSide, token: str, target: TargetServer) -> None:
    side.add(f"{target.url}/base")
    for step in ("..", ".", "%2e%2e", "..%2fadmin", "..;x=1", "%2e%2E%5cadmin"):
        answer, connection = send_raw(
            side,
            f"GET /{TENANT}{PUBLIC_PATH}/{step}/admin HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {token}",
        )
        connection.close()
        assert answer.startswith(b"HTTP/1.1 400 "), step
        assert b"bad_address" in answer


def test_methods_that_are_for_nobody_are_405(side: CustomSide, client: httpx2.Client) -> None:
    answer = client.request("TRACE", PUBLIC_PATH)
    _refused(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


def test_bodies_over_the_cap_are_413_announced_or_not(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(target.url)
    _refused(client.post(PUBLIC_PATH, content=bytes(2_000_001)), 413, "body_too_large")
    chunks = iter([bytes(1_000_000)] * 3)
    _refused(client.post(PUBLIC_PATH, content=chunks), 413, "body_too_large")


def test_websocket_is_501(side: CustomSide, token: str, target: TargetServer) -> None:
    side.add(target.url)
    answer, connection = send_raw(
        side,
        f"GET /{TENANT}{PUBLIC_PATH} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {token}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==",
    )
    connection.close()
    assert answer.startswith(b"HTTP/1.1 501 ")
    assert b"websocket_not_offered" in answer


def test_an_unreachable_target_is_502_without_its_address(
    side: CustomSide, client: httpx2.Client
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    side.add(f"http://127.0.0.1:{port}")
    body = _refused(client.get(PUBLIC_PATH), 502, "target_unreachable")
    assert str(port) not in json.dumps(body)


def test_what_is_no_http_is_502(side: CustomSide, client: httpx2.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        side.add(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def talk() -> None:
            connection, _address = listener.accept()
            connection.recv(1000)
            connection.sendall(b"220 mail.example ESMTP\r\n")
            connection.close()

        thread = threading.Thread(target=talk)
        thread.start()
        _refused(client.get(PUBLIC_PATH), 502, "target_broken")
        thread.join()


def test_a_target_that_leads_back_here_is_refused_and_not_called_for_ever(
    side: CustomSide, client: httpx2.Client
) -> None:
    own = f"{side.url}/{TENANT}{PUBLIC_PATH}"
    side.add(own, proxy_security=ProxySecurity.ANONYMOUS)
    answer = client.get(PUBLIC_PATH)
    assert (answer.status_code, answer.json()["code"]) == (502, "loop_detected")


def test_secrets_of_a_target_stay_out_of_answers_and_log(
    side: CustomSide, client: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "planted-" + "s" * 20
    security = SecurityDraft(SecurityType.BASIC, {"user_id": "me", "password": secret})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    side.add(f"http://127.0.0.1:{port}", security=security)
    with caplog.at_level("DEBUG"):
        answer = client.get(PUBLIC_PATH)
    assert secret not in answer.text + caplog.text
