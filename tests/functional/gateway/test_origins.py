"""Which web pages may call through the gateway from a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from tests.support.custom_suites import (
    PUBLIC_PATH,
    CustomSide,
    TargetServer,
    sqlite_side,
)
from tests.support.infor_side import TENANT

PING = "/IONSERVICES/api/ion/messaging/service/ping"


@pytest.fixture
def target() -> Iterator[TargetServer]:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="done")

    with TargetServer(answer) as server:
        yield server


class _Origins:
    """One origin for the tenant's apps, and one app that names it."""

    def __init__(self) -> None:
        self.client_ids: set[str] = set()

    def allows(self, tenant_id: str, origin: str, client_id: str | None) -> bool:
        is_known = (tenant_id, origin) == (TENANT, "https://page.example")
        return is_known and (client_id is None or client_id in self.client_ids)


@pytest.fixture
def origins() -> _Origins:
    return _Origins()


@pytest.fixture
def open_side(tmp_path: Path, origins: _Origins, target: TargetServer) -> Iterator[CustomSide]:
    with sqlite_side(tmp_path, origins=origins) as side:
        side.add(target.url)
        yield side


def test_a_page_of_an_authorized_origin_may_call_and_read_errors(
    open_side: CustomSide, origins: _Origins
) -> None:
    file = open_side.credentials()
    origins.client_ids.add(file["ci"])
    page = {"Origin": "https://page.example"}
    asks = {**page, "Access-Control-Request-Method": "PUT"}
    asks["Access-Control-Request-Headers"] = "authorization, x-own"
    url = f"{open_side.url}/{TENANT}{PUBLIC_PATH}"
    preflight = httpx2.options(url, headers=asks)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://page.example"
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "authorization, x-own"
    with open_side.client(open_side.log_in(file)) as client:
        for path in (PUBLIC_PATH, PING, "/nowhere"):
            answer = client.get(path, headers=page)
            assert answer.headers["access-control-allow-origin"] == "https://page.example"
            assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    refused = httpx2.get(url, headers=page)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://page.example"


def test_a_page_of_any_other_origin_may_not(open_side: CustomSide, origins: _Origins) -> None:
    url = f"{open_side.url}/{TENANT}{PUBLIC_PATH}"
    asks = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    preflight = httpx2.options(url, headers=asks)
    assert (preflight.status_code, preflight.json()["code"]) == (403, "origin_not_allowed")
    with open_side.client(open_side.log_in(open_side.credentials())) as client:
        for origin in ("https://evil.example", "https://page.example", "null"):
            answer = client.get(PUBLIC_PATH, headers={"Origin": origin})
            assert answer.status_code == 200
            assert "access-control-allow-origin" not in answer.headers
