"""The gateway in front of a real target server, over sockets on both sides."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from aiohttp import web

from ionport.gateway.model import ProxySecurity
from ionport.gateway.security import SecurityDraft, SecurityType
from ionport.identity.model import TenantRole
from ionport.identity.passwords import Passwords
from ionport.identity.service import IdentityService, NewUser
from tests.support.custom_suites import (
    CONTEXT,
    PUBLIC_PATH,
    CustomSide,
    TargetServer,
    headers_of,
    sqlite_side,
)
from tests.support.infor_side import OPERATOR, OTHER_TENANT, SCOPE, TENANT


async def _answer(request: web.Request) -> web.StreamResponse:
    """Do what the path's last part names; else tell what arrived."""
    return await _BEHAVIOURS.get(request.path.rpartition("/")[2], _echo)(request)


async def _echo(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    return web.json_response(
        {
            "method": request.method,
            "target": request.raw_path,
            "headers": headers_of(request),
            "body": body.decode("latin-1"),
        },
        headers={
            "X-Own": "kept",
            "Set-Cookie": "a=b",
            "Access-Control-Allow-Origin": "*",
            "Alt-Svc": 'h3=":443"',
            "Connection": "X-Hop",
            "X-Hop": "dropped",
        },
    )


async def _drip(request: web.Request) -> web.StreamResponse:
    """Send a chunk each time one has arrived: both directions at once."""
    response = web.StreamResponse()
    await response.prepare(request)
    async for chunk in request.content.iter_any():
        await response.write(b"got " + chunk)
    await response.write_eof()
    return response


async def _status(request: web.Request) -> web.StreamResponse:
    return web.Response(status=int(request.query["code"]), text="from the target")


async def _redirect(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request.query["to"]})


async def _cut(request: web.Request) -> web.StreamResponse:
    """Promise more than is sent, and hang up."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"half")
    await asyncio.sleep(0.05)
    assert request.transport is not None
    request.transport.abort()
    return response


async def _early(request: web.Request) -> web.StreamResponse:
    return web.Response(status=409, text="enough")


async def _compressed(request: web.Request) -> web.StreamResponse:
    body = b"\x1f\x8b not really gzip"
    return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "a/b"})


async def _silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


_BEHAVIOURS = {
    "drip": _drip,
    "status": _status,
    "redirect": _redirect,
    "cut": _cut,
    "early": _early,
    "compressed": _compressed,
    "silent": _silent,
}


@pytest.fixture(scope="module")
def target() -> Iterator[TargetServer]:
    with TargetServer(_answer) as server:
        yield server


@pytest.fixture
def side(tmp_path: Path) -> Iterator[CustomSide]:
    with sqlite_side(tmp_path, max_proxied_bytes=2_000_000) as side:
        yield side


@pytest.fixture
def token(side: CustomSide) -> str:
    return side.log_in(side.credentials())


@pytest.fixture
def client(side: CustomSide, token: str) -> Iterator[httpx2.Client]:
    with side.client(token) as client:
        yield client


def _raw(side: CustomSide, *lines: str, body: bytes = b"") -> tuple[bytes, socket.socket]:
    """Send a request byte by byte as written; return the answer as far as it is announced."""
    parts = urlsplit(side.url)
    connection = socket.create_connection((parts.hostname, parts.port or 80), timeout=10)
    connection.sendall("\r\n".join((*lines, "", "")).encode("latin-1") + body)
    answer = connection.recv(65_536)
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65_536)
    head, _blank, rest = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    while len(rest) < length:
        rest += connection.recv(65_536)
    return head + b"\r\n\r\n" + rest, connection


def _refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the gateway itself said no, and return the body."""
    assert answer.status_code == status
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["message"]
    assert body["requestId"] == answer.headers["x-request-id"]
    return body


def test_method_path_query_body_and_headers_pass_to_the_target(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(f"{target.url}/base/")
    answer = client.put(
        f"{PUBLIC_PATH}/Some%20Path/%C3%A9;v=1?b=%20x&&a=1&access_token=spent&c",
        content=b"some bytes",
        headers={
            b"X-Infor-LnCompany": b"100",
            b"Content-Type": b"text/x-own",
            b"X-Utf8": "\u00e9".encode(),
        },
    )
    assert answer.status_code == 200
    seen = answer.json()
    assert seen["method"] == "PUT"
    assert seen["target"] == "/base/Some%20Path/%C3%A9;v=1?b=%20x&&a=1&c"
    assert seen["body"] == "some bytes"
    headers = dict(seen["headers"])
    assert headers["content-type"] == "text/x-own"
    assert headers["x-infor-lncompany"] == "100"
    assert headers["x-infor-tenantid"] == TENANT
    assert headers["x-utf8"] == "\u00e9"
    assert headers["host"] in target.url
    assert answer.headers["x-own"] == "kept"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_passes(
    side: CustomSide, client: httpx2.Client, target: TargetServer, method: str
) -> None:
    side.add(target.url)
    assert client.request(method, PUBLIC_PATH).json()["method"] == method


def test_head_passes_without_a_body(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(target.url)
    answer = client.head(PUBLIC_PATH)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_the_target_url_itself_is_called_when_nothing_follows(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(f"{target.url}/a/b")
    assert client.get(PUBLIC_PATH).json()["target"] == "/a/b"
    assert client.get(f"{PUBLIC_PATH}/").json()["target"] == "/a/b/"
    assert client.get(f"{PUBLIC_PATH}?c=d").json()["target"] == "/a/b?c=d"


def test_suite_and_proxy_context_are_found_in_any_case(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(target.url)
    assert client.get("/customerapi/DOCBITS-%53andbox/sANDBOX/Path").json()["target"] == "/Path"


def test_who_calls_cannot_be_forged_in_any_spelling(
    side: CustomSide, token: str, target: TargetServer
) -> None:
    side.add(target.url)
    answer, connection = _raw(
        side,
        f"GET /{TENANT}{PUBLIC_PATH} HTTP/1.1",
        "Host: evil.example",
        f"Authorization: Bearer {token}",
        "Connection: close, X-Infor-TenantId, X-Dropped",
        "X-Dropped: 1",
        "X-Infor-TenantId: EVIL_PRD",
        "x-infor-identity2: somebody",
        "X_Infor_TenantId: EVIL_PRD",
        "X_INFOR-Identity2: somebody",
        "X-Forwarded-For: 10.0.0.1",
        "X_Forwarded_Host: evil.example",
        "Forwarded: for=10.0.0.1",
        "Cookie: session=1",
        "TE: trailers",
        "Proxy-Authorization: Basic eDp5",
    )
    connection.close()
    seen = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert [v for n, v in seen["headers"] if "infor" in n] == [TENANT]
    names = {name for name, _value in seen["headers"]}
    assert names == {"host", "x-infor-tenantid", "via"}


def test_the_linked_user_is_told_to_the_target(side: CustomSide, target: TargetServer) -> None:
    side.add(target.url)
    identity = IdentityService(side.clock, side.suites.audit, Passwords())
    with side.database.write() as work:
        user = identity.create_user(work, OPERATOR, NewUser("anna"), "no password")
        identity.set_tenant_role(work, OPERATOR, user.id, TENANT, TenantRole.USER)
    token = side.log_in(side.credentials(user_id=user.id))
    with side.client(token) as client:
        seen = dict(client.get(PUBLIC_PATH).json()["headers"])
    assert seen["x-infor-identity2"] == user.identity2


def test_answers_pass_without_what_belongs_to_one_connection_or_to_the_target_alone(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(target.url)
    answer = client.get(PUBLIC_PATH)
    assert not {
        "set-cookie",
        "access-control-allow-origin",
        "alt-svc",
        "x-hop",
    } & set(answer.headers)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private"
    assert answer.headers.get_list("date") == [answer.headers["date"]]


@pytest.mark.parametrize("code", [201, 204, 304, 400, 404, 422, 500, 503])
def test_the_targets_own_status_passes(
    side: CustomSide, client: httpx2.Client, target: TargetServer, code: int
) -> None:
    side.add(target.url)
    answer = client.get(f"{PUBLIC_PATH}/status", params={"code": code})
    assert answer.status_code == code
    assert answer.text == ("" if code in (204, 304) else "from the target")


def test_compressed_answers_pass_byte_for_byte(
    side: CustomSide, token: str, target: TargetServer
) -> None:
    side.add(target.url)
    answer, connection = _raw(
        side,
        f"GET /{TENANT}{PUBLIC_PATH}/compressed HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {token}",
    )
    connection.close()
    assert b"content-encoding: gzip" in answer
    assert answer.endswith(b"\x1f\x8b not really gzip")


def test_both_directions_stream_at_once(side: CustomSide, token: str, target: TargetServer) -> None:
    side.add(target.url)
    answer, connection = _raw(
        side,
        f"POST /{TENANT}{PUBLIC_PATH}/drip HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {token}",
        "Transfer-Encoding: chunked",
        body=b"3\r\none\r\n",
    )
    while b"got one" not in answer:
        answer += connection.recv(65_536)
    connection.sendall(b"3\r\ntwo\r\n")
    while b"got two" not in answer:
        answer += connection.recv(65_536)
    connection.sendall(b"0\r\n\r\n")
    while not answer.endswith(b"0\r\n\r\n"):
        answer += connection.recv(65_536)
    connection.close()


def test_an_answer_before_the_end_of_the_body_passes(
    side: CustomSide, token: str, target: TargetServer
) -> None:
    side.add(target.url)
    answer, connection = _raw(
        side,
        f"POST /{TENANT}{PUBLIC_PATH}/early HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {token}",
        "Content-Length: 1000",
        body=b"begin",
    )
    connection.close()
    assert answer.startswith(b"HTTP/1.1 409 ")


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("{target}/base/next?a=b", f"{{side}}/{TENANT}{PUBLIC_PATH}/next?a=b"),
        ("/base/next", f"{{side}}/{TENANT}{PUBLIC_PATH}/next"),
        ("{target}/base", f"{{side}}/{TENANT}{PUBLIC_PATH}"),
        ("{target}/baseless", "{target}/baseless"),
        ("/elsewhere", "/elsewhere"),
        ("//evil.example/base/x", "//evil.example/base/x"),
        ("https://other.example/x", "https://other.example/x"),
    ],
)
def test_redirects_are_not_followed_and_lead_back_through_the_gateway(
    side: CustomSide, client: httpx2.Client, target: TargetServer, to: str, location: str
) -> None:
    side.add(f"{target.url}/base")
    answer = client.get(f"{PUBLIC_PATH}/redirect", params={"to": to.format(target=target.url)})
    assert answer.status_code == 302
    assert answer.headers["location"] == location.format(target=target.url, side=side.url)


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
        service.set_endpoint_active(work, SCOPE, OPERATOR, endpoint.id, active=False)
    _refused(client.get(PUBLIC_PATH), 403, "api_deactivated")
    with side.database.write() as work:
        service.set_endpoint_active(work, SCOPE, OPERATOR, endpoint.id, active=True)
    assert client.get(PUBLIC_PATH).status_code == 200
    with side.database.write() as work:
        service.set_suite_active(work, SCOPE, OPERATOR, endpoint.suite_id, active=False)
    _refused(client.get(PUBLIC_PATH), 403, "api_deactivated")


def test_steps_upwards_are_400(side: CustomSide, token: str, target: TargetServer) -> None:
    side.add(f"{target.url}/base")
    for step in ("..", ".", "%2e%2e", "..%2fadmin", "..;x=1", "%2e%2E%5cadmin"):
        answer, connection = _raw(
            side,
            f"GET /{TENANT}{PUBLIC_PATH}/{step}/admin HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {token}",
        )
        connection.close()
        assert answer.startswith(b"HTTP/1.1 400 "), step
        assert b"bad_address" in answer


def test_dots_that_are_no_steps_pass(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(target.url)
    path = "/IDORequestService.svc/..a/b../%2Ehidden/..."
    assert client.get(f"{PUBLIC_PATH}{path}").json()["target"] == path


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
    answer, connection = _raw(
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


def test_an_answer_that_breaks_off_is_cut_and_not_passed_as_whole(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(target.url)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get(f"{PUBLIC_PATH}/cut")


def test_an_anonymous_endpoint_needs_no_token_and_tells_nobody(
    side: CustomSide, token: str, target: TargetServer
) -> None:
    side.add(target.url, proxy_security=ProxySecurity.ANONYMOUS)
    for headers in ({}, {"Authorization": f"Bearer {token}"}, {"Authorization": "Basic eDp5"}):
        answer = httpx2.get(f"{side.url}/{TENANT}{PUBLIC_PATH}", headers=headers)
        seen = dict(answer.json()["headers"])
        assert seen["x-infor-tenantid"] == TENANT
        assert not {"authorization", "x-infor-identity2"} & set(seen)


def test_a_target_that_leads_back_here_is_refused_and_not_called_for_ever(
    side: CustomSide, client: httpx2.Client
) -> None:
    own = f"{side.url}/{TENANT}{PUBLIC_PATH}"
    side.add(own, proxy_security=ProxySecurity.ANONYMOUS)
    answer = client.get(PUBLIC_PATH)
    assert (answer.status_code, answer.json()["code"]) == (502, "loop_detected")


def test_a_deleted_suite_is_gone_at_the_next_request(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    endpoint = side.add(target.url)
    assert client.get(PUBLIC_PATH).status_code == 200
    with side.database.write() as work:
        side.suites.service.delete_suite(work, SCOPE, OPERATOR, endpoint.suite_id)
    _refused(client.get(PUBLIC_PATH), 404, "unknown_api_suite")


def test_a_client_that_goes_away_takes_its_call_along(
    side: CustomSide, token: str, target: TargetServer
) -> None:
    side.add(target.url)
    answer, connection = _raw(
        side,
        f"POST /{TENANT}{PUBLIC_PATH}/drip HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {token}",
        "Content-Length: 1000",
        body=b"begin",
    )
    assert b"200 OK" in answer
    connection.close()
    target_transport = target.requests[-1].transport
    deadline = time.monotonic() + 5
    while target_transport is not None and not target_transport.is_closing():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with side.client(token) as client:
        assert client.get(PUBLIC_PATH).status_code == 200


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
