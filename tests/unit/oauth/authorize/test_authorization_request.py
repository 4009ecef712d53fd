"""The authorization endpoint's checks, and who is told what fails."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Forbidden, NotFound, Unauthenticated
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.oauth.apps.model import AppType, AuthorizedApp
from ionport.oauth.authorize.model import AuthorizationRefused, AuthorizationRequest, ResponseType
from ionport.oauth.tenant.settings import ScopeMode
from tests.support.oauth import OTHER_TENANT, PKCE, TENANT, OAuthSide, add_user

CALLBACK = "https://app.example.com/callback"


@pytest.fixture
def web(side: OAuthSide) -> AuthorizedApp:
    return side.create_app("Web", type=AppType.WEB, redirect_urls=(CALLBACK,))


@pytest.fixture
def phone(side: OAuthSide) -> AuthorizedApp:
    urls = ("com.example.app:/cb", "https://phone.example.com/cb")
    return side.create_app("Phone", type=AppType.MOBILE_IOS, redirect_urls=urls)


def read(side: OAuthSide, app: AuthorizedApp, **changes: str) -> AuthorizationRequest:
    parameters = {
        "client_id": app.client_id, "response_type": "code",
        "redirect_uri": app.redirect_urls[0], "state": "s1", **changes,
    }  # fmt: skip
    query = urlencode({name: value for name, value in parameters.items() if value})
    with side.database.read() as work:
        return side.approvals.read(work.within(side.scope), query)


def refused(side: OAuthSide, app: AuthorizedApp, **changes: str) -> AuthorizationRefused:
    with pytest.raises(AuthorizationRefused) as caught:
        read(side, app, **changes)
    return caught.value


def told(side: OAuthSide, error: AuthorizationRefused) -> dict[str, str]:
    """What the app is told, at its own address."""
    location = side.approvals.refusal(side.scope, error)
    assert location is not None
    assert location.startswith(CALLBACK) or error.redirect_uri != CALLBACK
    parts = urlsplit(location)
    values = parse_qs(parts.fragment if error.in_fragment else parts.query)
    assert values["iss"] == [side.endpoints.issuer(TENANT)]
    return {name: value[0] for name, value in values.items()}


def test_a_good_request_is_read(side: OAuthSide, web: AuthorizedApp) -> None:
    asked = read(side, web, nonce="ignored", TenantId=TENANT)
    assert (asked.app, asked.response_type) == (web, ResponseType.CODE)
    assert (asked.redirect_uri, asked.state, asked.scopes) == (CALLBACK, "s1", ())


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"client_id": "ACME_TST~unknown"},
        {"client_id": "\x00"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": 'https://evil.example/"\\'},
    ],
)
def test_nothing_goes_to_an_address_that_is_not_the_apps_own(
    side: OAuthSide, web: AuthorizedApp, changes: dict[str, str]
) -> None:
    error = refused(side, web, **changes, response_type="nonsense")
    assert error.redirect_uri is None
    assert side.approvals.refusal(side.scope, error) is None


def test_a_parameter_that_comes_twice_is_refused_on_the_page(
    side: OAuthSide, web: AuthorizedApp
) -> None:
    query = urlencode(
        [
            *(("client_id", web.client_id), ("response_type", "code")),
            *(("redirect_uri", CALLBACK), ("redirect_uri", "https://evil.example/")),
        ]
    )
    with side.database.read() as work, pytest.raises(AuthorizationRefused) as caught:
        side.approvals.read(work.within(side.scope), query)
    assert caught.value.redirect_uri is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"code_challenge": "x" * 43}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "x" * 42, "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_later_errors_go_back_with_state_and_issuer(
    side: OAuthSide, web: AuthorizedApp, changes: dict[str, str], error: str
) -> None:
    said = told(side, refused(side, web, **changes))
    assert (said["error"], said["state"]) == (error, "s1")
    assert said["error_description"]


def test_a_public_app_needs_a_challenge(side: OAuthSide, phone: AuthorizedApp) -> None:
    assert told(side, refused(side, phone))["error"] == "invalid_request"
    assert read(side, phone, **PKCE).code_challenge == PKCE["code_challenge"]


def test_a_redirect_url_may_be_left_out_where_there_is_one_alone(
    side: OAuthSide, web: AuthorizedApp, phone: AuthorizedApp
) -> None:
    assert read(side, web, redirect_uri="").redirect_uri == CALLBACK
    assert refused(side, phone, redirect_uri="", **PKCE).redirect_uri is None


def test_a_disabled_app_is_told_so_and_a_deleted_one_is_unknown(
    side: OAuthSide, web: AuthorizedApp
) -> None:
    with side.database.write() as work:
        side.apps.set_app_disabled(Access(work, side.scope, side.operator), web.id, True)
    assert told(side, refused(side, web))["error"] == "unauthorized_client"
    with side.database.write() as work:
        side.apps.delete_app(Access(work, side.scope, side.operator), web.id)
    assert refused(side, web).redirect_uri is None


def test_a_backend_service_has_no_sign_on(side: OAuthSide) -> None:
    app = side.create_app()
    with side.database.read() as work, pytest.raises(AuthorizationRefused) as caught:
        side.approvals.read(
            work.within(side.scope), f"client_id={app.client_id}&response_type=code"
        )
    assert caught.value.redirect_uri is None


def test_another_tenants_app_is_unknown(side: OAuthSide, web: AuthorizedApp) -> None:
    from ionport.store import TenantScope

    query = urlencode({"client_id": web.client_id, "response_type": "code"})
    with side.database.read() as work, pytest.raises(AuthorizationRefused):
        side.approvals.read(work.within(TenantScope(OTHER_TENANT)), query)


def test_implicit_is_for_web_apps_where_the_tenant_allows_it(
    side: OAuthSide, web: AuthorizedApp, phone: AuthorizedApp, clock: MovableClock
) -> None:
    off = refused(side, web, response_type="token")
    assert off.in_fragment
    assert told(side, off)["error"] == "unauthorized_client"
    side.change_settings(implicit_allowed=True)
    assert refused(side, phone, response_type="token", **PKCE).error == "unauthorized_client"
    anna = add_user(side.database, clock)
    location = side.approve(anna, web, response_type="token", state="s 2")
    parts = urlsplit(location)
    said = {name: value[0] for name, value in parse_qs(parts.fragment).items()}
    assert parts.query == ""
    assert (said["token_type"], said["state"]) == ("Bearer", "s 2")
    assert "refresh_token" not in said
    assert side.verifier.verify(said["access_token"], TENANT).identity2


def test_scopes_mean_nothing_until_they_are_enforced(side: OAuthSide, web: AuthorizedApp) -> None:
    assert read(side, web, scope="openid profile").scopes == ()
    fields: dict[str, Any] = {"type": AppType.WEB, "redirect_urls": (CALLBACK,)}
    scoped = side.create_app("Scoped", scopes=("Infor-IDM", "Infor-ION"), **fields)
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    assert read(side, scoped).scopes == ("Infor-IDM", "Infor-ION")
    assert read(side, scoped, scope="Infor-ION").scopes == ("Infor-ION",)
    for wrong in ("Infor-LN", "infor-idm", 'a"b', "Infor-IDM Infor-LN"):
        assert told(side, refused(side, scoped, scope=wrong))["error"] == "invalid_scope"


def needs_consent(side: OAuthSide, actor: Actor, asked: AuthorizationRequest) -> bool:
    with side.database.read() as work:
        return side.approvals.needs_consent(Access(work, side.scope, actor), asked)


@pytest.mark.on_each_database
def test_an_approval_is_remembered_for_its_scopes_and_can_be_taken_back(
    side: OAuthSide, clock: MovableClock
) -> None:
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    app = side.create_app(
        "Scoped", type=AppType.WEB, redirect_urls=(CALLBACK,), scopes=("Infor-IDM", "Infor-ION")
    )
    anna, berta = add_user(side.database, clock), add_user(side.database, clock, "berta")
    small, big = read(side, app, scope="Infor-IDM"), read(side, app)
    assert needs_consent(side, anna, small)
    side.approve(anna, app, scope="Infor-IDM")
    assert not needs_consent(side, anna, small)
    assert needs_consent(side, anna, big)
    assert needs_consent(side, berta, small)
    with side.database.write() as work:
        access = Access(work, side.scope, anna)
        (mine,) = side.approvals.list_consents(access)
        side.approvals.revoke_consent(access, mine.app_id)
        with pytest.raises(NotFound):
            side.approvals.revoke_consent(Access(work, side.scope, berta), mine.app_id)
    assert (mine.app_name, mine.scopes) == ("Scoped", ("Infor-IDM",))
    assert needs_consent(side, anna, small)


@pytest.mark.on_each_database
def test_taking_an_approval_back_kills_the_persons_tokens_and_nobody_elses(
    side: OAuthSide, web: AuthorizedApp, clock: MovableClock
) -> None:
    side.change_settings(implicit_allowed=True)
    people = [add_user(side.database, clock, name) for name in ("anna", "berta")]
    tokens = [
        parse_qs(urlsplit(side.approve(person, web, response_type="token")).fragment)
        for person in people
    ]
    with side.database.write() as work:
        side.approvals.revoke_consent(Access(work, side.scope, people[0]), web.id)
    with pytest.raises(Unauthenticated):
        side.verifier.verify(tokens[0]["access_token"][0], TENANT)
    side.verifier.verify(tokens[1]["access_token"][0], TENANT)


def test_a_public_app_that_anybody_could_pretend_to_be_is_asked_for_every_time(
    side: OAuthSide, phone: AuthorizedApp, clock: MovableClock
) -> None:
    anna = add_user(side.database, clock)
    own_scheme, claimed = phone.redirect_urls
    for url, is_asked in ((own_scheme, True), (claimed, False)):
        side.approve(anna, phone, redirect_uri=url, **PKCE)
        asked = read(side, phone, redirect_uri=url, **PKCE)
        assert needs_consent(side, anna, asked) is is_asked


def test_who_is_no_member_of_the_tenant_approves_nothing(
    side: OAuthSide, web: AuthorizedApp, clock: MovableClock
) -> None:
    stranger = add_user(side.database, clock, tenant_id=OTHER_TENANT)
    with pytest.raises(Forbidden):
        side.approve(stranger, web)
    with pytest.raises(Forbidden):
        side.approve(side.operator, web)
