"""The gateway in front of a real target server, over sockets on both sides."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from ionport.gateway.suites.model import ProxySecurity
from ionport.identity.model import TenantRole
from ionport.identity.passwords import Passwords
from ionport.identity.service import IdentityService, NewUser
from tests.support.custom_suites import (
    PUBLIC_PATH,
    CustomSide,
    TargetServer,
    headers_of,
    send_raw,
    sqlite_side,
)
from tests.support.infor_side import OPERATOR, TENANT


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
    answer, connection = send_raw(
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
    answer, connection = send_raw(
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
    answer, connection = send_raw(
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
    answer, connection = send_raw(
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


def test_dots_that_are_no_steps_pass(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(target.url)
    path = "/IDORequestService.svc/..a/b../%2Ehidden/..."
    assert client.get(f"{PUBLIC_PATH}{path}").json()["target"] == path


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


def test_a_client_that_goes_away_takes_its_call_along(
    side: CustomSide, token: str, target: TargetServer
) -> None:
    side.add(target.url)
    answer, connection = send_raw(
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
    deadline = time.monotonic() + 60
    while target_transport is not None and not target_transport.is_closing():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with side.client(token) as client:
        assert client.get(PUBLIC_PATH).status_code == 200
