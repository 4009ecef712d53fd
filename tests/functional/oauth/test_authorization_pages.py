"""Sign-on and Request for Approval over a socket: what an attacker may not get from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.oauth.apps.model import AppType
from ionport.store import SystemScope
from tests.support.codes import code_at
from tests.support.people import (
    CALLBACK,
    Person,
    add_people_app,
    authorization_path,
    said,
    secret_of,
)
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on

# What is promised is HTTP; the SQL behind it is tested on each database with its services.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with site_on(tmp_path / "data", database_url) as site:
        site.add_user("anna")
        yield site


@pytest.fixture
def anna(site: Site) -> Iterator[Person]:
    with httpx2.Client(base_url=str(site.browser.http.base_url), timeout=120) as http:
        yield Person(http)


def issuer(site: Site) -> str:
    assert site.application.infor is not None
    return site.application.infor.endpoints.issuer(site.tenant.tenant_id)


def redeem(site: Site, anna: Person, client_id: str, secret: str, code: str) -> httpx2.Response:
    fields = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
        "client_id": client_id, "client_secret": secret,
    }  # fmt: skip
    return anna.http.post(f"/{site.tenant.tenant_id}/as/token.oauth2", data=fields)


def test_a_person_signs_on_allows_and_the_app_gets_tokens(site: Site, anna: Person) -> None:
    app = add_people_app(site)
    path = authorization_path(site, app)
    asked = anna.sign_on(path, "anna")
    text = re.sub(r"<[^>]+>", "", asked.text)
    assert "Request for Approval" in text
    assert "Portal is requesting access to Infor CloudSuite for tenant" in text
    assert site.tenant.tenant_id in text
    assert "Anna Example" in text
    answer = anna.send(asked, "/decision", decision="allow")
    back = said(answer.headers["location"])
    assert answer.headers["location"].startswith(f"{CALLBACK}?code=")
    assert (back["state"], back["iss"]) == ("s 1&x", issuer(site))
    tokens = redeem(site, anna, app.client_id, secret_of(site, app), back["code"]).json()
    detail = anna.http.get(
        f"/{site.tenant.tenant_id}/mingle/socialservice.svc/user/detail",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    ).json()
    assert detail["UserDetailList"][0]["DisplayName"] == "Anna Example"


def test_an_app_that_wants_no_page_is_told_what_is_missing(site: Site, anna: Person) -> None:
    app = add_people_app(site)
    silent = authorization_path(site, app, prompt="none")
    back = said(anna.get(silent).headers["location"])
    assert (back["error"], back["state"]) == ("login_required", "s 1&x")
    asked = anna.sign_on(authorization_path(site, app), "anna")
    assert said(anna.get(silent).headers["location"])["error"] == "consent_required"
    anna.send(asked, "/decision", decision="allow")
    assert said(anna.get(silent).headers["location"])["code"]


def test_who_has_a_second_factor_signs_on_with_a_code_too(site: Site, anna: Person) -> None:
    application = site.application
    with application.database.write() as work:
        user = application.identity.find_user(work, "anna")
        assert user is not None
        offered, now = application.factors.offer(user), application.clock.now()
        access = Access(work, SystemScope("test"), Actor.operator())
        code = code_at(offered.secret.reveal(), now)
        codes = application.factors.switch_on(access, user, offered.sealed, Secret(code))
    path = authorization_path(site, add_people_app(site))
    step = anna.sign_on(path, "anna")
    assert "Second step" in step.text
    assert "Request for Approval" not in anna.get(path).text, "half a sign-on approves nothing"
    wrong = anna.send(step, "/code", code="000000")
    assert wrong.status_code == 422
    right = anna.send(wrong, "/code", code=codes[0].reveal())
    asked = anna.get(right.headers["location"])
    assert said(anna.send(asked, "/decision", decision="allow").headers["location"])["code"]


def test_an_approval_is_not_asked_for_twice_until_it_is_taken_back(
    site: Site, anna: Person
) -> None:
    path = authorization_path(site, add_people_app(site))
    anna.allow(path, "anna")
    assert said(anna.get(path).headers["location"])["code"]
    page = anna.get(f"/ion-api/{site.tenant.tenant_id}/approvals")
    assert "Portal" in page.text
    assert anna.send(page, "/revoke").status_code == 303
    assert "Request for Approval" in anna.get(path).text


def test_who_denies_sends_the_app_an_error_and_no_code(site: Site, anna: Person) -> None:
    asked = anna.sign_on(authorization_path(site, add_people_app(site)), "anna")
    back = said(anna.send(asked, "/decision", decision="deny").headers["location"])
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "s 1&x", issuer(site))
    assert "code" not in back


def test_a_request_may_be_posted_by_another_site(site: Site, anna: Person) -> None:
    path, _mark, query = authorization_path(site, add_people_app(site)).partition("?")
    headers = {
        "Origin": "https://app.example.com", "Sec-Fetch-Site": "cross-site",
        "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    answer = anna.http.post(path, content=query, headers=headers, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{path}?{query}"
    assert "Sign in to" in anna.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    "wrong",
    [f"{CALLBACK}/", CALLBACK[:-1], "https://evil.example/", "//evil.example", "javascript:x"],
)
def test_no_error_is_a_way_to_another_site(site: Site, anna: Person, wrong: str) -> None:
    app = add_people_app(site)
    for more in ({}, {"response_type": "nonsense"}, {"client_id": "x"}):
        page = anna.get(authorization_path(site, app, redirect_uri=wrong, **more))
        assert page.status_code == 400
        assert "location" not in page.headers
        assert f'href="{wrong}' not in page.text


def test_the_query_in_a_form_is_checked_again(site: Site, anna: Person) -> None:
    path = authorization_path(site, add_people_app(site))
    asked = anna.sign_on(path, "anna")
    evil = path.partition("?")[2].replace("app.example.com", "evil.example")
    for decision in ("allow", "deny"):
        answer = anna.send(asked, "/decision", query=evil, decision=decision)
        assert answer.status_code == 400
        assert "location" not in answer.headers
    answer = anna.send(asked, "/switch", query="\r\nLocation: https://evil.example/")
    assert answer.headers["location"].startswith(f"/authorize/{site.tenant.tenant_id}?")


def test_the_pages_cannot_be_framed(site: Site, anna: Person) -> None:
    path = authorization_path(site, add_people_app(site))
    for page in (anna.get(path), anna.sign_on(path, "anna"), anna.get(path.replace("call", "x"))):
        assert page.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"


def test_a_form_may_lead_to_the_apps_origin_and_no_other(site: Site, anna: Person) -> None:
    policy = anna.get(authorization_path(site, add_people_app(site))).headers[
        "content-security-policy"
    ]
    assert "form-action 'self' https://app.example.com;" in policy
    assert policy.count("form-action") == 1
    own = add_people_app(
        site, "Phone", type=AppType.MOBILE_IOS, is_public=False, redirect_urls=("com.acme.app:/x",)
    )
    policy = anna.get(authorization_path(site, own)).headers["content-security-policy"]
    assert "form-action 'self' com.acme.app:;" in policy


def test_another_site_can_neither_sign_somebody_on_nor_answer_for_them(
    site: Site, anna: Person
) -> None:
    path = authorization_path(site, add_people_app(site))
    sign_on = anna.get(path)
    keys = {"username": "anna", "password": PASSWORD.reveal()}
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert anna.send(sign_on, "/sign-on", headers=elsewhere, **keys).status_code == 403
    assert anna.send(sign_on, "/sign-on", csrf_token="x", **keys).status_code == 403
    asked = anna.sign_on(path, "anna")
    for answer in (
        anna.send(asked, "/decision", headers=elsewhere, decision="allow"),
        anna.send(asked, "/decision", csrf_token="", decision="allow"),
        anna.send(asked, "/switch", csrf_token="x"),
    ):
        assert answer.status_code == 403
        assert "location" not in answer.headers
    assert "Request for Approval" in anna.get(path).text


def test_an_attackers_form_is_worth_nothing_in_the_victims_browser(
    site: Site, anna: Person
) -> None:
    site.add_user("mallory")
    path = authorization_path(site, add_people_app(site))
    with httpx2.Client(base_url=anna.http.base_url, timeout=120) as http:
        theirs = Person(http).sign_on(path, "mallory")
    anna.sign_on(path, "anna")
    assert anna.send(theirs, "/decision", decision="allow").status_code == 403


def test_a_session_fixed_before_the_sign_on_is_not_the_one_after_it(
    site: Site, anna: Person
) -> None:
    path = authorization_path(site, add_people_app(site))
    first = anna.get(path)
    before = dict(anna.http.cookies)
    name = next(iter(before)).replace("visitor", "session")
    anna.http.cookies.set(name, "fixed-by-somebody", domain="127.0.0.1")
    answer = anna.send(first, "/sign-on", username="anna", password=PASSWORD.reveal())
    assert answer.status_code == 303
    after = dict(anna.http.cookies)
    assert "fixed-by-somebody" not in after.values()
    assert not set(before.values()) & set(after.values())


def test_guessing_a_password_is_slowed_down_on_this_page_too(site: Site, anna: Person) -> None:
    page = anna.get(authorization_path(site, add_people_app(site)))
    statuses = [
        anna.send(page, "/sign-on", username="anna", password="wrong").status_code
        for _guess in range(11)
    ]
    assert statuses == [401] * 10 + [429]
    right = anna.send(page, "/sign-on", username="anna", password=PASSWORD.reveal())
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 0


def test_who_is_no_member_may_sign_in_as_another_user(site: Site, anna: Person) -> None:
    site.add_user("guest", tenant_role=None)
    path = authorization_path(site, add_people_app(site))
    page = anna.sign_on(path, "guest")
    assert page.status_code == 403
    assert "You do not belong to tenant" in page.text
    again = anna.get(anna.send(page, "/switch").headers["location"])
    assert "Sign in to" in again.text
    assert "Request for Approval" in anna.sign_on(path, "anna").text


def test_implicit_is_off_until_the_tenant_allows_it(site: Site, anna: Person) -> None:
    app = add_people_app(site)
    answer = anna.get(authorization_path(site, app, response_type="token"))
    assert answer.headers["location"].startswith(f"{CALLBACK}#error=unauthorized_client")


def test_a_head_request_approves_nothing(site: Site, anna: Person) -> None:
    path = authorization_path(site, add_people_app(site))
    anna.allow(path, "anna")
    answer = anna.http.head(path, follow_redirects=False)
    assert answer.status_code == 200
    assert "location" not in answer.headers


@pytest.mark.parametrize("address", ["as/connect/authorize", "AS/Authorization.OAuth2"])
def test_both_flavours_of_the_address_answer_in_any_case(
    site: Site, anna: Person, address: str
) -> None:
    path = authorization_path(site, add_people_app(site))
    assert "Sign in to" in anna.get(path.replace("as/authorization.oauth2", address)).text


def test_odd_requests_are_answered_and_not_by_a_500(site: Site, anna: Person) -> None:
    base = f"/{site.tenant.tenant_id}/as/authorization.oauth2"
    client_id = add_people_app(site).client_id
    for query in (
        "", "?", "?client_id", "?=&=&=", "?client_id=%00", "?client_id=%FF%FE", "?%ED%A0%80=1",
        f"?client_id={client_id}&response_type=code&state=%0d%0aX: y",
        f"?client_id={client_id}&response_type=code&state={'x' * 9000}",
        f"?client_id={client_id}&response_type=code&code_challenge=%00&code_challenge_method=S256",
        "?" + "&".join(f"a{number}=1" for number in range(500)),
    ):  # fmt: skip
        for answer in (anna.get(base + query), anna.http.post(base, content=query[1:])):
            assert answer.status_code < 500, query
            assert "x" not in [name.lower() for name in answer.headers]
