"""The gateway over a real socket, with tokens that the authorization server issued."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ionport.core.clock import MovableClock
from ionport.core.errors import Unavailable
from ionport.core.http.in_process import AppCall, call_app
from ionport.core.paging import PageRequest
from ionport.gateway.proxy.app import Gateway
from ionport.identity.access import Access
from ionport.oauth.tenant.settings import RefusalForm, TenantSettings
from ionport.store import Database
from tests.conftest import ALL_DATABASES
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    TENANT,
    InforSide,
    infor_side,
    infor_side_on,
)

PING = "/IONSERVICES/api/ion/messaging/service/ping"


@pytest.fixture(scope="module", params=ALL_DATABASES)
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def file(side: InforSide) -> dict[str, str]:
    return side.credentials()


@pytest.fixture
def token(side: InforSide, file: dict[str, str]) -> str:
    return side.log_in(file)


def _assert_refused(answer: httpx2.Response, code: str) -> None:
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="invalid_token", error_description="')
    body = answer.json()
    assert body["code"] == code
    assert body["message"]
    assert body["requestId"] == answer.headers["x-request-id"]


def _word_refusals(side: InforSide, form: RefusalForm) -> None:
    with side.database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        side.services.tenant_settings.change(access, TenantSettings(refusal_form=form))


@pytest.mark.on_each_database
def test_a_valid_token_opens_the_way_to_the_sandbox(side: InforSide, token: str) -> None:
    with side.client(token) as client:
        answer = client.get(PING)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-request-id"].startswith("req_")


def test_the_token_may_stand_in_the_query_string(side: InforSide, token: str) -> None:
    answer = httpx2.get(f"{side.url}/{TENANT}{PING}", params={"access_token": token})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private"


def test_no_token_is_refused(side: InforSide) -> None:
    """RFC 6750 §3.1 wants no error code; the H5 SDK looks for the word `error`."""
    answer = httpx2.get(f"{side.url}/{TENANT}{PING}")
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_missing"
    challenge = answer.headers["www-authenticate"]
    assert re.fullmatch(r'Bearer realm="[^"]*"', challenge)
    assert "error" in challenge


def test_refusals_are_bare_where_the_tenant_chose_it(side: InforSide) -> None:
    _word_refusals(side, RefusalForm.INFOR)
    try:
        for path, token, status, phrase in (
            (PING, None, 401, "Unauthorized"),
            (PING, "x.y.z", 401, "Unauthorized"),
            ("/NoSuch/thing", side.log_in(side.credentials(name="Bare")), 404, "Not Found"),
        ):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = httpx2.get(f"{side.url}/{TENANT}{path}", headers=headers)
            assert answer.status_code == status
            assert answer.json() == {"error": phrase}
            assert ("www-authenticate" in answer.headers) is (status == 401)
    finally:
        _word_refusals(side, RefusalForm.EXPLAINED)
    assert "message" in httpx2.get(f"{side.url}/{TENANT}{PING}").json()


def test_a_refusal_is_answered_though_its_wording_cannot_be_looked_up(side: InforSide) -> None:
    class Away:
        def are_bare(self, tenant_id: str) -> bool:
            raise Unavailable(f"No database knows {tenant_id}.")

    gateway = Gateway({}, side.services.verifier, refusals=Away())
    call = AppCall(method="GET", target=f"/{TENANT}{PING}")
    answer = asyncio.run(call_app(gateway, call, max_bytes=10_000, seconds=10))
    assert answer.status == 401
    assert json.loads(answer.body)["code"] == "token_missing"
    head = AppCall(method="HEAD", target=call.target)
    without = asyncio.run(call_app(gateway, head, max_bytes=10_000, seconds=10))
    assert (without.status, without.body) == (401, b"")


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "bearer x", "Bearer é"])
def test_what_is_no_token_is_refused(side: InforSide, header: str) -> None:
    answer = httpx2.get(
        f"{side.url}/{TENANT}{PING}", headers={"Authorization": header.encode("latin-1")}
    )
    assert answer.status_code == 401
    assert "error" in answer.headers["www-authenticate"]


def test_an_expired_token_is_refused(side: InforSide, token: str) -> None:
    side.clock.advance(timedelta(hours=2, seconds=1))
    with side.client(token) as client:
        _assert_refused(client.get(PING), "token_expired")


@pytest.mark.on_each_database
def test_a_revoked_token_is_dead_at_the_next_request(
    side: InforSide, file: dict[str, str], token: str
) -> None:
    with side.client(token) as client:
        assert client.get(PING).status_code == 200
        side.revoke(file, token)
        _assert_refused(client.get(PING), "token_revoked")


def test_a_token_opens_its_own_tenant_only(side: InforSide, token: str) -> None:
    with side.client(token, OTHER_TENANT) as client:
        assert client.get(PING).status_code == 401


@pytest.mark.on_each_database
def test_a_refused_call_is_recorded_once(side: InforSide) -> None:
    def count() -> int:
        with side.database.read() as work:
            return side.recorder.list(Access(work, SCOPE, OPERATOR), PageRequest()).total

    before = count()
    httpx2.get(f"{side.url}/{TENANT}{PING}")
    assert count() == before + 1


def test_an_unknown_suite_is_404(side: InforSide, token: str) -> None:
    with side.client(token) as client:
        answer = client.get("/CSI/IDORequestService/ido")
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_api_suite"


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/acme", "/ACME_XXX/IDM/api/items", "//IDM", "/%00_TST/IDM"]
)
def test_what_is_no_gateway_address_is_404_without_asking_for_a_token(
    side: InforSide, path: str
) -> None:
    answer = httpx2.get(side.url + path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_address"


def test_paths_are_matched_in_any_case(side: InforSide, token: str) -> None:
    answer = httpx2.get(
        f"{side.url}/{TENANT.lower()}/ionservices/API/Ion/Messaging/SERVICE/Ping",
        headers={"Authorization": f"bearer {token}"},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("slashes", ["//", "///"])
def test_more_slashes_behind_the_tenant_are_one(side: InforSide, token: str, slashes: str) -> None:
    """Clients join `iu`, `ti` and a path of their own (docs/reference/known-clients.md)."""
    answer = httpx2.get(
        f"{side.url}/{TENANT}{slashes}{PING.lstrip('/')}",
        headers={"Authorization": f"bearer {token}"},
    )
    assert answer.status_code == 200
    missing = httpx2.get(f"{side.url}/{TENANT}{slashes}Nothing/x")
    assert missing.status_code == 401
    assert not missing.has_redirect_location


def test_a_wrong_method_is_405_and_names_the_right_one(side: InforSide, token: str) -> None:
    with side.client(token) as client:
        answer = client.put(PING)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"


def test_nobody_reads_a_foreign_host_header(side: InforSide, token: str) -> None:
    answer = httpx2.get(
        f"{side.url}/{TENANT}{PING}",
        headers={"Authorization": f"Bearer {token}", "Host": "evil.example"},
    )
    assert answer.status_code == 200
    assert "evil" not in answer.text + str(answer.headers)


def test_the_token_of_a_query_string_is_kept_nowhere(
    side: InforSide, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        httpx2.get(
            f"{side.url}/{TENANT}{PING}?a=1&access_token={token}&b=%31&access%5Ftoken={token}"
        )
    with side.database.read() as work:
        call = side.recorder.list(Access(work, SCOPE, OPERATOR), PageRequest()).items[0]
    assert call.facts.query == "a=1&b=%31"
    assert token not in repr(call)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("http")]
    assert token not in "\n".join(ours)


class _Mirror:
    """A back end that tells what it saw, and tries to set a cookie."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = {
            "path": scope["path"],
            "root_path": scope["root_path"],
            "query": scope["query_string"].decode(),
            "headers": [[n.decode(), v.decode("latin-1")] for n, v in scope["headers"]],
            "tenant": scope["ionport.caller"].tenant_id,
        }
        headers = {"Set-Cookie": "a=b", "X-Own": "kept", "Cache-Control": "no-store"}
        if scope["query_string"] == b"fail":
            raise ZeroDivisionError
        await receive()
        await Response(json.dumps(seen), headers=headers)(scope, receive, send)


@pytest.fixture
def mirror(database: Database, tmp_path: Path, clock: MovableClock) -> Iterator[InforSide]:
    with infor_side(
        database,
        tmp_path / "blobs",
        clock,
        max_body_bytes=1000,
        extra_back_ends={"MIRROR": _Mirror()},
    ) as side:
        yield side


def test_identity_headers_cookies_and_tokens_do_not_pass_inwards_nor_cookies_outwards(
    mirror: InforSide,
) -> None:
    token = mirror.log_in(mirror.credentials())
    with mirror.client(token) as client:
        answer = client.get(
            "/Mirror/some/Path?x=%201&access_token=other",
            headers={
                "X-Infor-TenantId": "EVIL_PRD",
                "x-infor-identity2": "somebody",
                "Cookie": "session=1",
                "X-Infor-LnCompany": "100",
            },
        )
    seen = answer.json()
    assert seen["path"] == f"/{TENANT}/Mirror/some/Path"
    assert seen["root_path"] == f"/{TENANT}/Mirror"
    assert seen["query"] == "x=%201"
    headers = [(name, value) for name, value in seen["headers"]]
    assert [v for n, v in headers if n == "x-infor-tenantid"] == [TENANT]
    assert not {"authorization", "cookie", "x-infor-identity2"} & {n for n, _v in headers}
    assert ("x-infor-lncompany", "100") in headers
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-own"] == "kept"
    assert answer.headers["cache-control"] == "no-store"


def test_bodies_over_the_cap_are_413_announced_or_not(mirror: InforSide) -> None:
    token = mirror.log_in(mirror.credentials())
    with mirror.client(token) as client:
        announced = client.post("/IDM/api/items", content=b"x" * 1001)
        chunked = client.post("/IDM/api/items", content=iter([b"x" * 600, b"x" * 600]))
        below = client.post("/MIRROR/", content=b"x" * 1000)
    assert (announced.status_code, chunked.status_code, below.status_code) == (413, 413, 200)
    assert announced.json()["code"] == "body_too_large"


def test_a_failing_back_end_is_a_plain_500_with_the_request_id(
    mirror: InforSide, caplog: pytest.LogCaptureFixture
) -> None:
    token = mirror.log_in(mirror.credentials())
    with mirror.client(token) as client:
        answer = client.get("/MIRROR/?fail")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "ZeroDivision" not in answer.text
    assert answer.json()["requestId"] in caplog.text


def test_a_client_that_goes_away_while_sending_harms_nobody(side: InforSide, token: str) -> None:
    parts = urlsplit(side.url)
    with socket.create_connection((parts.hostname, parts.port or 80)) as connection:
        connection.sendall(
            (
                f"POST /{TENANT}/IDM/api/items HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n"
                f"Authorization: Bearer {token}\r\n\r\nhalf"
            ).encode()
        )
    with side.client(token) as client:
        assert client.get(PING).status_code == 200
