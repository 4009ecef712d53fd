"""One call through the gateway, sent by an administrator from a page."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import timedelta

import httpx2
import pytest

from ionport.oauth.tokens.model import SignedLogin
from ionport.oauth.tokens.tools import TokenToolsService
from tests.support.web import said
from tests.support.whole import Site
from tests.unit.web.pages.api_suites.test_documentation import place_of, upload

PROGRAM = "M3/m3api-rest/v2/execute/CMS535MI/FpwVersion"


def _url(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/available-apis/send"


def _account(site: Site) -> str:
    found = re.search(r'name="account" value="([^"]+)"', site.browser.get(_url(site)).text)
    assert found is not None
    return html.unescape(found[1])


def _send(site: Site, **values: str) -> httpx2.Response:
    fields = {"method": "GET", "path": PROGRAM, "headers": "", "body": "", **values}
    answer: httpx2.Response = site.browser.send(_url(site), fields)
    return answer


def test_a_call_is_answered_by_the_gateway_and_its_token_ends_with_it(site: Site) -> None:
    file: dict[str, str] = json.loads(site.credentials())
    account = _account(site)
    page = said(_send(site, account=account).text)
    assert "200 OK" in page
    assert '"VER": "2.0.0"' in page
    app = re.search(rf'href="({site.apps_path}/app_\w+)"', site.browser.get(site.apps_path).text)
    assert app is not None
    trail = said(site.browser.get(app[1]).text)
    assert "Call sent by an administrator" in trail
    assert "0 logins in force" in trail
    log = said(site.browser.get(f"/ion-api/{file['ti']}/audit-log").text)
    assert f"GET /{file['ti']}/{PROGRAM}" in log


def test_a_server_that_is_killed_during_a_call_leaves_its_token_alive_for_two_minutes_at_most(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.credentials()
    left: list[SignedLogin] = []
    monkeypatch.setattr(TokenToolsService, "end_token", lambda _self, _a, one: left.append(one))
    assert "200 OK" in said(_send(site, account=_account(site)).text)
    (signed,) = left
    token = signed.answer.access_token.reveal().split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert 70 < claims["exp"] - claims["iat"] <= 120
    assert signed.grant.ends_at == signed.grant.created_at + timedelta(seconds=120)


def test_what_is_sent_arrives_with_headers_query_and_body(site: Site) -> None:
    site.credentials()
    account = _account(site)
    bulk = {"program": "CMS535MI", "transactions": [{"transaction": "FpwVersion", "record": {}}]}
    page = said(
        _send(
            site,
            account=account,
            method="POST",
            path="M3/m3api-rest/v2/execute",
            headers="Content-Type: application/json\nAccept: application/json",
            body=json.dumps(bulk),
        ).text
    )
    assert '"VER": "2.0.0"' in page
    page = said(
        _send(site, account=account, path="IDM/api/datamodel/entities?$language=de DE").text
    )
    assert "200 OK" in page
    refused = said(_send(site, account=account, path="nosuch/thing").text)
    assert "404 Not Found" in refused


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"path": ""}, "Enter the path behind the tenant"),
        ({"path": "https://ion.example.com/x"}, "Leave out the address"),
        ({"path": "x" * 4_001}, "Enter the path behind the tenant"),
        ({"path": "IDM/api/items/{pid}"}, "Write what is meant in place of {pid}."),
        ({"path": "IDM/api/items?pid={pid}&v={v}"}, "in place of {pid}, {v}."),
        ({"method": "BREW"}, "Choose a method."),
        ({"headers": "no header"}, "Each line is one header"),
        ({"headers": "Authorization: Bearer x"}, "is set by ionport"),
        ({"headers": "A: b\n" * 21}, "At most 20 headers"),
        ({"body": "x" * 500_001}, "At most 500000 bytes"),
        ({"account": ""}, "Choose the service account"),
    ],
)
def test_what_cannot_be_sent_is_told_beside_its_field(
    site: Site, values: dict[str, str], text: str
) -> None:
    site.credentials()
    answer = _send(site, **{"account": _account(site), **values})
    assert answer.status_code == 422
    assert text in said(answer.text)


def test_only_administrators_send_and_only_with_accounts_of_the_tenant(site: Site) -> None:
    assert "No service account to call with" in said(site.browser.get(_url(site)).text)
    site.credentials()
    assert _send(site, account="sa_nosuch").status_code == 422
    site.add_user("bob")
    site.sign_in_as("bob")
    assert site.browser.get(_url(site)).status_code == 403


def test_an_account_is_found_by_any_part_of_its_name_that_no_other_has(site: Site) -> None:
    file: dict[str, str] = json.loads(site.credentials())
    title = _account(site)
    app = title.partition(" · ")[0]
    assert file["saak"] in title
    for name in (title, file["saak"], app.lower()):
        assert "200 OK" in said(_send(site, account=name).text), name
    site.credentials(f"{app}_2")
    page = site.browser.get(_url(site)).text
    assert page.count(f'<option value="{app}') == 2
    refused = _send(site, account=app)
    assert refused.status_code == 422
    assert "Several service accounts are named so." in said(refused.text)
    assert "200 OK" in said(_send(site, account=file["saak"]).text)
    assert "No enabled service account has this name" in said(_send(site, account="%").text)


def test_the_operations_of_sandbox_and_documentation_are_offered_and_sent_as_they_stand(
    site: Site,
) -> None:
    site.credentials()
    document = json.dumps(
        {
            "openapi": "3.0.0",
            "info": {"title": "Orders", "version": "1"},
            "paths": {
                "/orders": {
                    "post": {
                        "parameters": [{"name": "unit", "in": "query", "required": True}],
                        "responses": {},
                    }
                }
            },
        }
    )
    upload(site, place_of(site), document.encode())
    page = html.unescape(site.browser.get(_url(site)).text)
    offered = re.findall(r'<option value="((?:GET|POST) [^"]+)"', page)
    assert [one for one in offered if "/orders?unit={unit}" in one] == offered[:1]
    assert "GET IDM/api/items/search" in offered
    answer = _send(site, account=_account(site), path=f"GET {PROGRAM}", method="POST")
    assert "200 OK" in said(answer.text)
    assert '<option value="GET" selected>' in answer.text


def test_an_operation_of_a_suite_leads_to_its_filled_form(site: Site) -> None:
    site.credentials()
    suite = f"/ion-api/{site.tenant.tenant_id}/available-apis/built-in/IDM"
    found = re.search(r'href="([^"]*/available-apis/send\?[^"]*)"', site.browser.get(suite).text)
    assert found is not None
    form = site.browser.get(found[1].replace("&amp;", "&")).text
    assert re.search(r'name="path"[^>]*value="IDM/', form) or re.search(
        r'value="IDM/[^"]*"[^>]*name="path"', form
    )
