"""The gateway in front of a real target server, over sockets on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from ionport.core.clock import MovableClock
from ionport.store import Database, sqlite_url
from tests.support.custom_suites import (
    PUBLIC_PATH,
    CustomSide,
    TargetServer,
    custom_side,
    headers_of,
)
from tests.support.infor_side import TENANT
from tests.support.schema import create_schema


async def _echo(request: web.Request) -> web.StreamResponse:
    """Tell what arrived."""
    body = await request.read()
    return web.json_response(
        {
            "method": request.method,
            "target": request.raw_path,
            "headers": headers_of(request),
            "body": body.decode("latin-1"),
        },
        headers={"X-Own": "kept", "Set-Cookie": "a=b", "Access-Control-Allow-Origin": "*"},
    )


@pytest.fixture(scope="module")
def target() -> Iterator[TargetServer]:
    with TargetServer(_echo) as server:
        yield server


@pytest.fixture
def side(tmp_path: Path) -> Iterator[CustomSide]:
    database = Database(sqlite_url(tmp_path / "ionport.db"))
    create_schema(database)
    clock = MovableClock(datetime(2026, 3, 5, 10, 0, tzinfo=UTC))
    with custom_side(database, tmp_path / "blobs", clock) as side:
        yield side
    database.close()


@pytest.fixture
def client(side: CustomSide) -> Iterator[httpx2.Client]:
    with side.client(side.log_in(side.credentials())) as client:
        yield client


def test_method_path_query_body_and_headers_pass_to_the_target(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(f"{target.url}/base")
    answer = client.put(
        f"{PUBLIC_PATH}/Some%20Path/%C3%A9?b=%20x&a=1&access_token=spent",
        content=b"some bytes",
        headers={"X-Infor-LnCompany": "100", "Content-Type": "text/x-own"},
    )
    assert answer.status_code == 200
    seen = answer.json()
    assert seen["method"] == "PUT"
    assert seen["target"] == "/base/Some%20Path/%C3%A9?b=%20x&a=1"
    assert seen["body"] == "some bytes"
    headers = dict(seen["headers"])
    assert headers["content-type"] == "text/x-own"
    assert headers["x-infor-lncompany"] == "100"
    assert headers["x-infor-tenantid"] == TENANT
    assert headers["host"] in target.url
    assert "authorization" not in headers
    assert answer.headers["x-own"] == "kept"
