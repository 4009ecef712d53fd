"""An API suite made on the pages is what the gateway serves, over sockets."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from ionport.gateway.suites.model import PolicyType
from tests.support.custom_suites import TargetServer, headers_of, policy
from tests.support.web import said
from tests.support.whole import Site, site_on

# What is promised is HTTP; the SQL behind it is tested on each database with its services.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

SECRET = "a word for the target"


async def _echo(request: web.Request) -> web.StreamResponse:
    return web.json_response({"path": request.raw_path, "headers": headers_of(request)})


@pytest.fixture
def target() -> Iterator[TargetServer]:
    with TargetServer(_echo) as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with site_on(tmp_path / "data", database_url) as site:
        yield site


@pytest.fixture
def client(site: Site) -> Iterator[httpx2.Client]:
    """A program with a token of the tenant, in front of the gateway."""
    file = json.loads(site.credentials())
    answer = httpx2.post(
        f"{file['pu']}{file['ot']}",
        data={"grant_type": "password", "username": file["saak"], "password": file["sask"]},
        auth=(file["ci"], file["cs"]),
    )
    token = answer.json()["access_token"]
    with httpx2.Client(
        base_url=f"{file['iu']}/{file['ti']}", headers={"Authorization": f"Bearer {token}"}
    ) as client:
        yield client


def _add(site: Site, target: TargetServer) -> tuple[str, str]:
    """Add a suite on the pages; return the paths of its page and its endpoint's."""
    fields = {
        "application_name": "Shop",
        "suite_name": "Shop APIs",
        "description": "For a test",
        "context": "Shop",
        "icon": "apps",
        "target_url": f"{target.url}/v1",
        "endpoint_description": "The shop",
        "proxy_context": "Orders",
        "proxy_security": "OAuth 2.0",
        "security.type": "Basic",
        "shown_security": "Basic",
        "security.user_id": "ionport",
        "security.password": SECRET,
    }
    base = f"/ion-api/{site.application.tenant.id}/available-apis"
    suite = str(site.browser.send(f"{base}/add", fields).url.path)
    endpoint = re.search(rf"{suite}/endpoints/ept_\w+", site.browser.get(suite).text)
    assert endpoint is not None
    return suite, endpoint[0]


def _answer(client: httpx2.Client) -> tuple[int, str]:
    answer = client.get("/CustomerApi/shop/ORDERS/7?full=1")
    return answer.status_code, answer.json().get("code", "")


def test_what_is_done_on_the_pages_holds_at_the_next_call(
    site: Site, client: httpx2.Client, target: TargetServer
) -> None:
    assert _answer(client) == (404, "unknown_api_suite")
    suite, endpoint = _add(site, target)
    seen = client.get("/CustomerApi/shop/ORDERS/7?full=1").json()
    assert seen["path"] == "/v1/7?full=1"
    login = b64encode(f"ionport:{SECRET}".encode()).decode()
    assert ["authorization", f"Basic {login}"] in seen["headers"]
    send = site.browser.send
    quota = "<interval>1</interval><timeUnit>hour</timeUnit><allow>1</allow>"
    fields = {"type": "quota", "name": "One an hour", "flow": "REQUEST"}
    fields["definition"] = policy(PolicyType.QUOTA, quota)
    page = send(f"{endpoint}/policies/add", fields).text
    assert [_answer(client) for _number in range(2)] == [(200, ""), (429, "too_many_requests")]
    delete = re.search(r"/ion-api/\S+/policies/pol_\w+/delete", page)
    assert delete is not None
    send(delete[0])
    assert _answer(client) == (200, "")
    send(f"{endpoint}/deactivate")
    assert _answer(client) == (403, "api_deactivated")
    send(f"{endpoint}/activate", form_at=endpoint)
    assert _answer(client) == (200, "")
    send(f"{suite}/deactivate")
    assert _answer(client) == (403, "api_deactivated")
    send(f"{suite}/activate", form_at=suite)
    send(f"{suite}/delete")
    assert _answer(client) == (404, "unknown_api_suite")


def test_an_endpoint_opened_to_anybody_needs_no_token_and_says_so(
    site: Site, client: httpx2.Client, target: TargetServer
) -> None:
    _suite, endpoint = _add(site, target)
    url = f"{client.base_url}CustomerApi/Shop/Orders".replace("//Cust", "/Cust")
    assert httpx2.get(url).status_code == 401
    fields = {"type": "anonymousInboundSecurity", "name": "Open", "flow": "REQUEST"}
    fields["definition"] = policy(PolicyType.ANONYMOUS_INBOUND_SECURITY, "")
    site.browser.send(f"{endpoint}/policies/add", fields)
    assert httpx2.get(url).status_code == 200
    page = said(site.browser.get(endpoint).text)
    assert "Anybody who knows the address can call this endpoint" in page
    assert "ACCESS_TOKEN" not in page


def test_the_call_on_the_page_is_one_that_works(
    site: Site, client: httpx2.Client, target: TargetServer
) -> None:
    _suite, endpoint = _add(site, target)
    page = said(site.browser.get(endpoint).text)
    shown = re.search(r"curl --globoff --request GET (\S+)", page)
    assert shown is not None
    assert client.get(shown[1]).json()["path"] == "/v1"
    assert SECRET not in page
