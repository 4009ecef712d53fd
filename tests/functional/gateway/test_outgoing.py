"""Calls that ION's flows make to registered APIs: signed, to admitted addresses, with an end."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ionport.core.errors import Forbidden, IonportError, NotFound
from ionport.core.secrets import DOTS
from ionport.gateway.errors import TargetFailed, TargetTimedOut
from ionport.gateway.proxy import outgoing
from ionport.gateway.proxy.outgoing import ApiAddress, OutgoingAnswer, OutgoingCalls
from ionport.gateway.targets.idle_timeout import IdleTimeout
from ionport.gateway.targets.security import KeyMode, KeyParameter, SecurityDraft, SecurityType
from ionport.identity.access import Access
from tests.support.custom_suites import (
    CONTEXT,
    PROXY_CONTEXT,
    CustomSide,
    TargetServer,
    headers_of,
    sqlite_side,
)
from tests.support.infor_side import OPERATOR, SCOPE, TENANT

KEY = "k" * 40
BODY = b"<Acknowledge/>"


async def tell(request: web.Request) -> web.StreamResponse:
    """Tell what came, its secrets too; some addresses do otherwise."""
    if request.path.endswith("/redirect"):
        raise web.HTTPFound("/elsewhere")
    if request.path.endswith("/long"):
        return web.Response(body=b"x" * 200_000)
    if request.path.endswith("/silent"):
        await asyncio.sleep(30)
    seen = {
        "method": request.method,
        "url": str(request.rel_url),
        "headers": headers_of(request),
        "body": await request.text(),
    }
    return web.json_response(seen, status=201)


@pytest.fixture(scope="module")
def target() -> Iterator[TargetServer]:
    with TargetServer(tell) as target:
        yield target


def post(side: CustomSide, path: str = "/ack", context: str = CONTEXT) -> OutgoingAnswer:
    async def call() -> OutgoingAnswer:
        calls = OutgoingCalls(side.suites.directory, side.suites.upstream)
        address = ApiAddress(TENANT, context, PROXY_CONTEXT, path)
        return await calls.post(address, "application/xml", BODY)

    return asyncio.run(call())


def refused(side: CustomSide, kind: type[IonportError], **where: Any) -> IonportError:
    with pytest.raises(kind) as caught:
        post(side, **where)
    return caught.value


def test_a_call_reaches_the_target_below_its_url(side: CustomSide, target: TargetServer) -> None:
    side.add(f"{target.url}/api")
    answer = post(side)
    assert answer.status == 201
    seen = answer.body.decode()
    assert '"url": "/api/ack"' in seen
    assert '"method": "POST"' in seen
    assert BODY.decode() in seen
    assert f'["x-infor-tenantid", "{TENANT}"]' in seen
    assert '["content-type", "application/xml"]' in seen


def test_api_and_proxy_context_are_found_in_any_case(
    side: CustomSide, target: TargetServer
) -> None:
    side.add(target.url)
    assert post(side, context=CONTEXT.upper()).status == 201


@pytest.mark.parametrize("mode", list(KeyMode))
def test_a_key_proves_the_call_and_does_not_come_back(
    side: CustomSide, target: TargetServer, mode: KeyMode
) -> None:
    keys = (KeyParameter(mode, "X-API-KEY", KEY),)
    side.add(target.url, security=SecurityDraft(SecurityType.API_KEY, parameters=keys))
    seen = post(side).body.decode()
    assert KEY not in seen
    assert DOTS in seen
    request = target.requests[-1]
    assert KEY in (request.headers.get("X-API-KEY", ""), request.query.get("X-API-KEY", ""))


def test_a_password_does_not_come_back(side: CustomSide, target: TargetServer) -> None:
    values = {"user_id": "ion", "password": KEY}
    side.add(target.url, security=SecurityDraft(SecurityType.BASIC, values))
    seen = post(side).body.decode()
    pair = base64.b64encode(f"ion:{KEY}".encode()).decode()
    assert target.requests[-1].headers["Authorization"] == f"Basic {pair}"
    assert pair not in seen


def test_redirects_are_not_followed(side: CustomSide, target: TargetServer) -> None:
    side.add(target.url)
    assert post(side, path="/redirect").status == 302
    assert target.requests[-1].path == "/redirect"


def test_an_answer_has_an_end(side: CustomSide, target: TargetServer) -> None:
    side.add(target.url)
    assert refused(side, TargetFailed, path="/long").code == "answer_too_long"


def test_a_silent_target_is_left(
    side: CustomSide, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "IdleTimeout", lambda _seconds: IdleTimeout(0.3))
    side.add(target.url)
    refused(side, TargetTimedOut, path="/silent")


def test_an_api_that_is_not_there_or_not_active_is_not_called(
    side: CustomSide, target: TargetServer
) -> None:
    refused(side, NotFound, context="Nowhere")
    endpoint = side.add(target.url)
    before = len(target.requests)
    with side.database.write() as work:
        side.suites.service.set_endpoint_active(
            Access(work, SCOPE, OPERATOR), endpoint.id, active=False
        )
    refused(side, Forbidden)
    assert len(target.requests) == before


def test_a_private_address_is_refused(tmp_path: Path) -> None:
    with sqlite_side(tmp_path, resolve=lambda _host, _port: ["10.1.2.3"]) as side:
        side.add("https://erp.example.com/api")
        error = refused(side, TargetFailed)
        assert error.code == "target_address_refused"
