"""The recorder keeps every call behind `iu` and `pu`: refused ones and logins too, no secret."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send

from ionport.core.clock import SystemClock
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.control.recorder.model import RecordedCall
from ionport.sandbox.control.recorder.wire import RecordedApp
from ionport.sandbox.control.tables import sandbox_calls
from tests.support.custom_suites import PUBLIC_PATH, CustomSide, sqlite_side
from tests.support.infor_side import OPERATOR, SCOPE, TENANT


@pytest.fixture
def side(tmp_path: Path) -> Iterator[CustomSide]:
    with sqlite_side(tmp_path) as side:
        yield side


def _calls(side: CustomSide) -> list[RecordedCall]:
    with side.database.read() as work:
        page = side.recorder.list(Access(work, SCOPE, OPERATOR), PageRequest(per_page=100))
    return list(reversed(page.items))


def _last(side: CustomSide) -> tuple[str, str, int, str]:
    """Service, operation and status of the newest call, and the reason that its answer gives."""
    call = _calls(side)[-1]
    reason = json.loads(call.outcome.response_body or b"{}")
    text = reason.get("code") or reason.get("error") or ""
    return call.facts.service, call.facts.operation, call.outcome.status, text


def test_logins_are_recorded_with_the_client_and_without_their_secrets(side: CustomSide) -> None:
    file = side.credentials()
    token = side.log_in(file)
    assert _last(side)[:3] == ("AS", "token.oauth2", 200)
    login = _calls(side)[-1]
    assert login.facts.client_id == file["ci"]
    assert login.facts.request_size > 0
    assert login.outcome.response_body is None
    wrong = httpx2.post(
        file["pu"] + file["ot"],
        data={"grant_type": "password", "username": file["saak"], "password": "x" * 30},
        auth=(file["ci"], file["cs"]),
    )
    assert wrong.is_error
    assert _last(side) == ("AS", "token.oauth2", wrong.status_code, "invalid_grant")
    side.revoke(file, token)
    assert _last(side)[:3] == ("AS", "revoke_token.oauth2", 200)


def test_what_the_gateway_refuses_is_recorded_with_its_reason(side: CustomSide) -> None:
    gateway = f"{side.url}/{TENANT}"
    httpx2.get(f"{gateway}/idm/api/datamodel/entities")
    assert _last(side) == ("IDM", "unknown", 401, "token_missing")
    httpx2.get(f"{gateway}/IDM/api", headers={"Authorization": "Bearer nonsense"})
    assert _last(side)[2:] == (401, "token_malformed")
    with side.client(side.log_in(side.credentials())) as client:
        client.get("/NoSuchSuite/x")
        assert _last(side) == ("Gateway", "unknown", 404, "unknown_api_suite")
        client.get(PUBLIC_PATH)
        assert _last(side)[:3] == ("CustomerApi", "proxied", 404)
        before = len(_calls(side))
        client.get("/IDM/api/datamodel/entities")
        assert len(_calls(side)) == before + 1


def test_calls_of_a_tenant_that_is_not_there_are_nobodys(side: CustomSide) -> None:
    assert httpx2.get(f"{side.url}/NOBODY_TST/IDM/api").status_code == 401
    assert _calls(side) == []


def test_a_token_used_as_a_search_value_stands_nowhere_in_the_recorder(
    side: CustomSide, tmp_path: Path
) -> None:
    file = side.credentials()
    token = side.log_in(file)
    payload = token.split(".")[1]
    hidden = base64.b64encode(f"x{token}".encode()).decode()
    secrets = (token, payload, file["cs"], file["sask"], file["saak"].partition("#")[2])
    with side.client(token) as client:
        for secret in (*secrets, hidden):
            query = f'/M3_SupplierInvoice[@A = "{secret}"]'
            client.get("/IDM/api/items/search", params={"$query": query})
            client.post("/IDM/api/items/search", content=query.encode())
            client.get(f"/IDM/api/items/{quote(secret, safe='')}")
            client.get(f"/Nothing/{secret}", params={"any": secret})
            client.post("/IDM/api/items", data={"entity": secret})
        client.get(f"/IDM/api/items?access_token={token}")
        assert client.get(f"/IDM/api/items/search?$query={payload}").is_error
    with side.database.read() as work:
        rows = [tuple(row) for row in work.connection.execute(sandbox_calls.select())]
    kept = [content.read_bytes() for content in tmp_path.rglob("*") if len(content.name) == 64]
    everything = repr(rows).encode() + b"".join(kept)
    for secret in (*secrets, hidden[4:-4]):
        assert secret.encode() not in everything
        assert quote(secret, safe="").encode() not in everything


def test_a_call_at_which_the_server_fails_is_recorded_with_the_reason(
    side: CustomSide,
) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError("a secret detail")

    app = RecordedApp(
        failing,
        lambda parts: ("IDM", "unknown"),
        database=side.database,
        recorder=side.recorder,
        clock=SystemClock(),
    )
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/{TENANT}/IDM/api",
        "query_string": b"",
        "headers": [],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(app(scope, receive, send))
    call = _calls(side)[-1]
    assert call.outcome.status == 0
    assert call.outcome.response_body == b"The server failed: ZeroDivisionError."
