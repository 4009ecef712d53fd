"""Sign-in by an OpenID Connect provider, right and wrong ones, over the whole application."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from joserfc.jwk import OctKey, RSAKey
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, InvalidInput
from ionport.core.paging import PageRequest
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.identity.openid.model import OpenIdRefused, ProviderSettings
from ionport.identity.openid.provider import Provider
from ionport.identity.service import NewUser
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import SystemScope
from tests.support.codes import code_at
from tests.support.openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    OwnProvider,
    own_provider,
    settings_for,
)
from tests.support.rsa_keys import private_key
from tests.support.web import PASSWORD, said
from tests.support.whole import Site, site_on

SYSTEM = SystemScope("test")
START = "/sign-in/openid"
RETURN = "/sign-in/openid/return"


@pytest.fixture
def provider() -> Iterator[OwnProvider]:
    with own_provider() as provider:
        yield provider


@pytest.fixture
def changes() -> dict[str, object]:
    """Settings that a test changes."""
    return {}


@pytest.fixture
def site(tmp_path: Path, provider: OwnProvider, changes: dict[str, object]) -> Iterator[Site]:
    with site_on(tmp_path / "data", "", **settings_for(provider.issuer, **changes)) as site:
        site.browser.http.cookies.clear()
        yield site


def add(site: Site, username: str, email: str) -> str:
    """Make a user with an e-mail address; returns the id."""
    identity = site.application.identity
    password_hash = identity.hash_password(PASSWORD)
    with site.application.database.write() as work:
        new = NewUser(username, email=email)
        return identity.create_user(work, Actor.operator(), new, password_hash).id


def begin(site: Site, next_url: str = "/account") -> str:
    """Press the button on the sign-in page; returns where it leads."""
    site.browser.http.cookies.clear()
    page = site.browser.get(f"/sign-in?next={next_url}")
    assert "Sign in with Example SSO" in said(page.text)
    answer = site.browser.http.get(f"{START}?next={next_url}", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def come_back(site: Site, provider: OwnProvider, url: str, **parameters: str) -> httpx2.Response:
    return site.browser.http.get(RETURN, params=provider.sign_in(url, **parameters))


def sign_in(site: Site, provider: OwnProvider, **parameters: str) -> httpx2.Response:
    return come_back(site, provider, begin(site), **parameters)


def is_signed_in(site: Site) -> bool:
    return site.browser.get("/account").url.path == "/account"


def test_a_person_signs_in_and_lands_where_they_wanted(site: Site, provider: OwnProvider) -> None:
    add(site, "anna", "Anna@Example.com")
    url = begin(site, "/manual/account")
    assert url.startswith(f"{provider.issuer}/authorize?")
    answer = come_back(site, provider, url)
    assert answer.url.path == "/manual/account"
    assert "anna" in site.browser.text("/account")
    asked = provider.asked
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid email profile"
    assert asked["redirect_uri"] == f"{site.application.settings.origin}{RETURN}"
    assert CLIENT_SECRET not in url


def test_the_subject_is_bound_and_counts_when_the_address_changes(
    site: Site, provider: OwnProvider
) -> None:
    user_id = add(site, "anna", "anna@example.com")
    sign_in(site, provider)
    site.browser.http.cookies.clear()
    provider.claims = {"email": "married@example.com"}
    sign_in(site, provider)
    assert "anna" in site.browser.text("/account")
    with site.application.database.read() as work:
        trail = site.application.audit.list(work.within(SYSTEM), PageRequest(), [user_id]).items
    assert [entry.details for entry in trail if entry.action == "user.openid_bound"] == [
        {"issuer": provider.issuer, "subject": "anna at the provider"}
    ]
    ways = [entry.details["by"] for entry in trail if entry.action == "user.signed_in"]
    assert ways == ["openid", "openid"]


def test_another_subject_with_the_address_of_a_bound_user_is_not_that_user(
    site: Site, provider: OwnProvider
) -> None:
    add(site, "anna", "anna@example.com")
    sign_in(site, provider)
    site.browser.http.cookies.clear()
    provider.claims = {"sub": "who got the address later"}
    assert "Ask an administrator" in said(sign_in(site, provider).text)
    assert not is_signed_in(site)


def _unsigned(provider: OwnProvider) -> None:
    provider.signed_by = OctKey.import_key(CLIENT_SECRET)
    provider.header = {"alg": "HS256"}


def _other_key(provider: OwnProvider) -> None:
    provider.signed_by = RSAKey.import_key(private_key(), {"kid": "one"})


def _says(**claims: Any) -> Callable[[OwnProvider], None]:
    return lambda provider: provider.claims.update(claims)


def _answers(answer: Any) -> Callable[[OwnProvider], None]:
    def change(provider: OwnProvider) -> None:
        provider.token_answer = answer

    return change


NOW = int(time.time())
WRONG: dict[str, Callable[[OwnProvider], None]] = {
    "another nonce": _says(nonce="of another sign-in"),
    "no nonce": _says(nonce=None),
    "another issuer": _says(iss="https://evil.example"),
    "another client": _says(aud="another client"),
    "more clients": _says(aud=["ionport at work", "another"]),
    "made for another": _says(azp="another client"),
    "expired": _says(exp=NOW - 120),
    "no expiry": _says(exp=None),
    "an expiry that is no number": _says(exp="soon"),
    "of the future": _says(iat=NOW + 86_400),
    "another access token": _says(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "no subject": _says(sub=None),
    "a long subject": _says(sub="x" * 300),
    "a subject that is no text": _says(sub=["anna"]),
    "another key": _other_key,
    "an unknown key": lambda provider: provider.header.update(kid="two"),
    "signed with the client's secret": _unsigned,
    "a refused code": _answers(JSONResponse({"error": "invalid_grant"}, 400)),
    "no JSON": _answers(PlainTextResponse("<html>")),
    "a list": _answers(JSONResponse([1])),
    "nested": _answers(PlainTextResponse("[" * 100_000)),
    "no token": _answers(JSONResponse({"access_token": "x"})),
    "no text for a token": _answers(JSONResponse({"id_token": {"a": 1}})),
    "no token for a token": _answers(JSONResponse({"id_token": "a.b.c"})),
    "an unsigned token": _answers(
        JSONResponse({"id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0."})
    ),
    "too much": _answers(PlainTextResponse("x" * 400_000)),
    "a redirect": _answers(RedirectResponse("https://evil.example/")),
    "an error of its own": _answers(PlainTextResponse("down", 500)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_signs_nobody_in_and_leaves_the_password(
    site: Site, provider: OwnProvider, name: str
) -> None:
    add(site, "anna", "anna@example.com")
    WRONG[name](provider)
    answer = sign_in(site, provider)
    assert answer.status_code in (401, 503), answer.text
    assert "Example SSO" in said(answer.text)
    assert not is_signed_in(site)
    assert site.browser.sign_in("anna").status_code == 200


@pytest.mark.parametrize(
    "parameters",
    [
        {"state": "of another browser"},
        {"state": ""},
        {"state": "ü"},
        {"iss": "https://evil.example"},
        {"error": "access_denied"},
        {"code": ""},
    ],
)
def test_an_answer_to_nothing_that_this_browser_began_is_refused(
    site: Site, provider: OwnProvider, parameters: dict[str, str]
) -> None:
    add(site, "anna", "anna@example.com")
    assert sign_in(site, provider, **parameters).status_code == 401
    assert not is_signed_in(site)
    assert "token" not in provider.calls, "the provider is not asked"


def test_a_provider_that_names_its_issuer_has_to_name_it(site: Site, provider: OwnProvider) -> None:
    """RFC 9207, against a mix-up of two providers."""
    provider.discovery = {"authorization_response_iss_parameter_supported": True}
    add(site, "anna", "anna@example.com")
    assert sign_in(site, provider).status_code == 401
    assert sign_in(site, provider, iss=provider.issuer).status_code == 200


def test_without_the_cookie_of_the_beginning_a_code_is_worth_nothing(
    site: Site, provider: OwnProvider
) -> None:
    add(site, "anna", "anna@example.com")
    url = begin(site)
    site.browser.http.cookies.clear()
    assert come_back(site, provider, url).status_code == 401
    for cookie in ("x", "k1.AAAA", "x" * 6_000):
        port = site.browser.http.base_url.port
        headers = {"cookie": f"ionport_openid_{port}={cookie}"}
        answer = site.browser.http.get(RETURN, params=provider.sign_in(url), headers=headers)
        assert answer.status_code == 401


def test_the_answer_counts_once(site: Site, provider: OwnProvider) -> None:
    add(site, "anna", "anna@example.com")
    url = begin(site)
    come_back(site, provider, url)
    site.browser.send("/sign-out", form_at="/account")
    assert come_back(site, provider, url).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nobody@example.com"},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "yes"},
        {"email": None},
        {"email": "gone@example.com"},
        {"email": "%"},
        {"email": ["anna@example.com"]},
    ],
)
def test_who_is_nobody_here_is_told_the_same(
    site: Site, provider: OwnProvider, claims: dict[str, Any]
) -> None:
    add(site, "anna", "anna@example.com")
    gone = add(site, "gone", "gone@example.com")
    with site.application.database.write() as work:
        work.connection.exec_driver_sql(f"UPDATE users SET is_disabled = 1 WHERE id = '{gone}'")
    provider.claims = claims
    provider.userinfo = {"sub": "anna at the provider"}
    answer = sign_in(site, provider)
    assert answer.status_code == 401
    assert "Example SSO knows you, but there is no account for you here" in said(answer.text)
    assert not is_signed_in(site)


def test_of_two_accounts_with_one_address_neither_is_taken_until_one_is_named(
    site: Site, provider: OwnProvider
) -> None:
    add(site, "anna", "anna@example.com")
    add(site, "bob", "ANNA@example.com")
    answer = sign_in(site, provider)
    assert answer.status_code == 401
    told = "ionport user openid NAME --subject 'anna at the provider'"
    assert "more than one account here has" in said(answer.text)
    assert told in html.unescape(answer.text)
    assert not is_signed_in(site)
    openid = site.application.openid
    assert openid is not None
    with site.application.database.write() as work:
        openid.bind(work, Actor.operator(), "anna", "anna at the provider")
    sign_in(site, provider)
    assert "anna" in site.browser.text("/account")


def test_an_address_that_is_not_verified_tells_nothing_of_who_has_it(
    site: Site, provider: OwnProvider
) -> None:
    add(site, "anna", "anna@example.com")
    add(site, "bob", "anna@example.com")
    provider.claims = {"email_verified": False}
    assert "there is no account for you here" in said(sign_in(site, provider).text)


def test_what_the_id_token_leaves_out_is_asked_for(site: Site, provider: OwnProvider) -> None:
    add(site, "anna", "anna@example.com")
    provider.claims = {"email": None, "email_verified": None}
    person = {"email": "anna@example.com", "email_verified": True}
    provider.userinfo = {"sub": "another person", **person}
    assert sign_in(site, provider).status_code == 401
    provider.userinfo = {"sub": "anna at the provider", **person}
    assert sign_in(site, provider).status_code == 200
    assert is_signed_in(site)


def test_a_new_key_of_the_provider_is_asked_for_once_a_minute(provider: OwnProvider) -> None:
    clock = MovableClock(datetime.now(UTC))
    settings = ProviderSettings(provider.issuer, CLIENT_ID, Secret(CLIENT_SECRET), "Example SSO")
    asks = Provider(settings, AddressPolicy(), clock)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v").digest()).decode().rstrip("=")
    provider.asked = {"nonce": "n", "code_challenge": challenge, "redirect_uri": "https://x"}

    def subject() -> str:
        verifier = Secret("v")
        return asks.claims_for("c", verifier=verifier, nonce="n", redirect_uri="https://x").subject

    assert subject() == "anna at the provider"
    provider.key = RSAKey.import_key(private_key(), {"kid": "two"})
    provider.header = {"kid": "two"}
    for _number in range(3):
        with pytest.raises(OpenIdRefused):
            subject()
    clock.advance(timedelta(seconds=61))
    assert subject() == "anna at the provider"
    assert provider.calls.count("keys") == 2
    assert provider.calls.count("discovery") == 1
    asks.close()


class TestWithDomains:
    @pytest.fixture
    def changes(self) -> dict[str, object]:
        return {"openid_domains": "example.com, example.org", "openid_creates_users": True}

    def test_who_is_new_gets_an_account_as_a_plain_user(
        self, site: Site, provider: OwnProvider
    ) -> None:
        assert sign_in(site, provider).status_code == 200
        account = site.browser.text("/account")
        assert "Anna of the Provider" in account
        assert "IONAPI-Administrator" not in account
        assert site.browser.get("/documents").status_code == 200
        site.browser.http.cookies.clear()
        answer = site.browser.send(
            "/sign-in", {"username": "anna@example.com", "password": PASSWORD.reveal()}
        )
        assert answer.status_code == 401, "nobody knows the password"

    @pytest.mark.parametrize("email", ["anna@evil.example", "anna@notexample.com", "example.com"])
    def test_an_address_of_another_domain_is_refused(
        self, site: Site, provider: OwnProvider, email: str
    ) -> None:
        add(site, "anna", "anna@evil.example")
        provider.claims = {"email": email}
        assert sign_in(site, provider).status_code == 401
        assert not is_signed_in(site)

    def test_a_username_that_is_taken_is_not_taken_over(
        self, site: Site, provider: OwnProvider
    ) -> None:
        add(site, "anna@example.com", "")
        assert sign_in(site, provider).status_code == 401
        assert not is_signed_in(site)


def test_a_second_factor_is_asked_for_unless_the_provider_asked(
    site: Site, provider: OwnProvider
) -> None:
    user_id = add(site, "anna", "anna@example.com")
    application = site.application
    with application.database.write() as work:
        user = application.identity.find_user(work, "anna")
        assert user is not None
        assert user.id == user_id
        offered = application.factors.offer(user)
        code = Secret(code_at(offered.secret.reveal(), application.clock.now()))
        access = Access(work, SYSTEM, Actor.operator())
        codes = application.factors.switch_on(access, user, offered.sealed, code)
    answer = sign_in(site, provider)
    assert answer.url.path == "/sign-in/code"
    assert not is_signed_in(site)
    site.browser.send("/sign-in/code", {"code": codes[0].reveal()})
    assert is_signed_in(site)
    site.browser.http.cookies.clear()
    provider.claims = {"amr": ["pwd", "mfa"]}
    assert sign_in(site, provider).url.path == "/account"


def test_the_operator_binds_a_subject_to_a_user(site: Site, provider: OwnProvider) -> None:
    """For providers that do not say whether they have checked an address."""
    add(site, "anna", "")
    add(site, "bob", "")
    provider.claims = {"email": None, "email_verified": None}
    provider.userinfo = {"sub": "anna at the provider"}
    assert site.application.openid is not None
    with site.application.database.write() as work:
        bind, operator = site.application.openid.bind, Actor.operator()
        bind(work, operator, "ANNA", "anna at the provider")
        bind(work, operator, "anna", "anna at the provider")
        with pytest.raises(Conflict):
            bind(work, operator, "bob", "anna at the provider")
        with pytest.raises(InvalidInput):
            bind(work, operator, "bob", "  ")
    assert sign_in(site, provider).status_code == 200
    assert "anna" in site.browser.text("/account")
    with site.application.database.write() as work:
        assert site.application.openid.unbind(work, operator, "anna") == 1
    assert sign_in(site, provider).status_code == 401


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://idp.example.com/authorize"},
    ],
)
def test_a_provider_that_says_something_strange_is_not_used(
    site: Site, provider: OwnProvider, discovery: dict[str, Any]
) -> None:
    provider.discovery = discovery
    answer = site.browser.http.get(START, follow_redirects=False)
    assert answer.status_code == 503
    assert "sign in with a password" in said(answer.text)
    add(site, "anna", "anna@example.com")
    assert site.browser.sign_in("anna").status_code == 200


@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri"])
def test_an_address_of_the_provider_goes_by_the_policy(
    site: Site, provider: OwnProvider, endpoint: str
) -> None:
    add(site, "anna", "anna@example.com")
    provider.discovery = {endpoint: "http://169.254.169.254/latest/meta-data"}
    assert sign_in(site, provider).status_code == 503
    assert not is_signed_in(site)


def test_the_next_page_is_one_of_ours(site: Site, provider: OwnProvider) -> None:
    add(site, "anna", "anna@example.com")
    answer = come_back(site, provider, begin(site, "https://evil.example/"))
    assert answer.url.host == site.browser.http.base_url.host


def test_without_a_provider_there_is_no_such_page(tmp_path: Path) -> None:
    with site_on(tmp_path / "data", "") as site:
        site.browser.http.cookies.clear()
        assert "Sign in with" not in site.browser.text("/sign-in")
        for path in (START, RETURN):
            assert site.browser.get(path).status_code == 404


def test_signing_out_ends_the_session_at_the_provider_too(
    site: Site, provider: OwnProvider
) -> None:
    provider.discovery = {"end_session_endpoint": f"{provider.issuer}/session/end?a=b"}
    add(site, "anna", "anna@example.com")
    sign_in(site, provider)
    page = site.browser.send("/sign-out", form_at="/account")
    assert page.url.path == "/sign-in/openid/out"
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
    assert found is not None
    url, _mark, query = html.unescape(found[1]).partition("?")
    assert url == f"{provider.issuer}/session/end"
    assert dict(parse_qsl(query)) == {
        "a": "b",
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": f"{site.application.settings.origin}/sign-in",
    }
    assert not is_signed_in(site)


@pytest.mark.parametrize("address", [None, 7, "javascript:alert(1)", "http://10.0.0.1/end"])
def test_without_a_usable_end_of_session_signing_out_ends_ours(
    site: Site, provider: OwnProvider, address: object
) -> None:
    provider.discovery = {"end_session_endpoint": address}
    add(site, "anna", "anna@example.com")
    sign_in(site, provider)
    assert site.browser.send("/sign-out", form_at="/account").url.path == "/sign-in"
    assert site.browser.get("/sign-in/openid/out").url.path == "/sign-in"
    assert not is_signed_in(site)


def test_who_signed_in_by_a_password_is_not_led_to_the_provider(
    site: Site, provider: OwnProvider
) -> None:
    provider.discovery = {"end_session_endpoint": f"{provider.issuer}/session/end"}
    site.sign_in_as("ada")
    assert site.browser.send("/sign-out", form_at="/account").url.path == "/sign-in"
