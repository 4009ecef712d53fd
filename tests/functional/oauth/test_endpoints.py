"""What the authorization server's endpoints answer over a socket; see also `test_known_clients`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from ionport.core.clock import MovableClock
from ionport.core.errors import Unauthenticated
from ionport.identity.access import Access
from ionport.oauth.accounts.service import AccountDraft
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType
from ionport.store import Database, TenantScope
from tests.support.oauth import (
    OTHER_TENANT,
    TENANT,
    Answer,
    OAuthSide,
    add_tenant,
    basic,
    send,
    serve_side,
)

FORM = "application/x-www-form-urlencoded"
PAGE = "https://app.example.com"
File = dict[str, str]


@pytest.fixture
def side(database: Database, clock: MovableClock) -> Iterator[OAuthSide]:
    with serve_side(database, clock) as side:
        yield side


@pytest.fixture
def file(side: OAuthSide) -> File:
    return side.credentials(side.create_app(issue_refresh_tokens=True))


def form(**values: str) -> str:
    return "&".join(f"{name}={quote_plus(value)}" for name, value in values.items())


def by_basic(file: File, **more: str) -> dict[str, str]:
    return {"Authorization": basic(file), "Content-Type": FORM, **more}


def log_in(file: File, **headers: str) -> Answer:
    body = form(grant_type="password", username=file["saak"], password=file["sask"])
    return send(file["pu"] + file["ot"], body, by_basic(file, **headers))


def refresh(file: File, token: str) -> Answer:
    body = form(grant_type="refresh_token", refresh_token=token)
    return send(file["pu"] + file["ot"], body, by_basic(file))


def revoke(file: File, token: str, way: str) -> Answer:
    """Revoke as Infor's .NET, Java and Go samples do."""
    url, said = file["pu"] + file["or"], form(token=token, token_type_hint="refresh_token")
    if way == "body":
        return send(url, said, by_basic(file))
    if way == "query":
        return send(f"{url}?{said}", "", {"Authorization": basic(file)})
    return send(f"{url}?{form(token=token)}", method="GET")


@pytest.mark.parametrize("way", ["body", "query", "nameless"])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_each_kind_of_token_is_revoked_in_each_known_way(
    side: OAuthSide, file: File, way: str, kind: str
) -> None:
    tokens = log_in(file).json
    side.verifier.verify(tokens["access_token"], TENANT)
    for _again in range(2):
        answer = revoke(file, tokens[kind], way)
        assert (answer.status, answer.body) == (200, b"{}")
        assert answer.headers["cache-control"] == "no-store"
    with pytest.raises(Unauthenticated):
        side.verifier.verify(tokens["access_token"], TENANT)
    refreshed = refresh(file, tokens["refresh_token"])
    assert refreshed.status == (200 if kind == "access_token" else 400)


def test_refresh_tokens_rotate_where_the_tenant_chose_it(side: OAuthSide, file: File) -> None:
    first = log_in(file).json["refresh_token"]
    assert refresh(file, first).json["refresh_token"] == first
    side.change_settings(refresh_tokens_rotate=True)
    second = refresh(file, first).json["refresh_token"]
    third = refresh(file, second).json["refresh_token"]
    assert len({first, second, third}) == 3
    # A used one that comes again ends the grant: somebody has copied it.
    assert refresh(file, first).json["error"] == "invalid_grant"
    assert refresh(file, third).json["error"] == "invalid_grant"


def test_a_service_account_logs_in_until_its_last_day_is_over(
    side: OAuthSide, file: File, clock: MovableClock
) -> None:
    tokens = log_in(file).json
    today = clock.now().date().isoformat()
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        (listed,) = side.service_accounts.list_accounts(access).items
        draft = AccountDraft(ends_on=today)
        side.service_accounts.change_account(access, listed.account.id, draft)
    assert log_in(file).status == 200
    clock.advance(timedelta(days=1))
    for answer in (log_in(file), refresh(file, tokens["refresh_token"])):
        assert answer.status == 400
        assert answer.json == {
            "error_description": f"The service account ended on {today}.",
            "error": "invalid_grant",
        }


def test_a_wrong_secret_fails_in_the_header_and_in_the_body(side: OAuthSide, file: File) -> None:
    wrong = {**file, "cs": "A" * 86}
    keys = form(
        grant_type="password", username=file["saak"], password=file["sask"],
        client_id=file["ci"], client_secret=wrong["cs"],
    )  # fmt: skip
    for answer in (log_in(wrong), send(file["pu"] + file["ot"], keys, {"Content-Type": FORM})):
        assert answer.status == 401
        assert answer.json == {
            "error_description": "Invalid client or client credentials.",
            "error": "invalid_client",
        }
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers["cache-control"] == "no-store"


def test_errors_have_pingfederates_shape(side: OAuthSide, file: File) -> None:
    unknown = refresh(file, "unknown")
    assert unknown.status == 400
    assert unknown.body == (
        b'{"error_description":"unknown, invalid, or expired refresh token",'
        b'"error":"invalid_grant"}'
    )
    without = send(file["pu"] + file["ot"], "", by_basic(file))
    assert without.status == 400
    assert without.body == (
        b'{"error_description":"grant_type is required","error":"invalid_request"}'
    )
    assert "www-authenticate" not in without.headers


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("token.oauth2", "POST"),
        ("revoke_token.oauth2", "GET, POST"),
        ("connect/introspect", "POST"),
        ("jwks", "GET"),
        (".well-known/oauth-authorization-server", "GET"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(side: OAuthSide, path: str, methods: str) -> None:
    answer = send(side.endpoints.pu(TENANT) + path, method="PUT")
    assert (answer.status, answer.headers["allow"]) == (405, methods)
    assert answer.json["error"] == "invalid_request"


@pytest.mark.parametrize(
    "path",
    [
        *("/ACME_TST/as/", "/ACME_TST/as/nothing", "/ACME_TST/as/token.oauth2/", "/ACME_TST/AS"),
        *("/.well-known/", "/.well-known/x/ACME_TST/as", "/.well-known/jwks/ACME_TST/as"),
        *("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration/ACME_TST"),
        *("/ACME_TST/as/as/token.oauth2", "/.well-known/oauth-authorization-server/ACME_TST/as/x"),
    ],
)
def test_an_address_that_is_none_is_not_found(side: OAuthSide, path: str) -> None:
    answer = send(side.endpoints.iu + path, method="GET")
    assert (answer.status, answer.json["error"]) == (404, "invalid_request")


def test_the_metadata_stands_at_both_well_known_places(side: OAuthSide) -> None:
    documents = [
        send(side.endpoints.iu + path, method="GET")
        for name in ("oauth-authorization-server", "openid-configuration")
        for path in (f"/.well-known/{name}/{TENANT}/as", f"/{TENANT}/as/.well-known/{name}")
    ]
    assert {answer.status for answer in documents} == {200}
    assert len({answer.body for answer in documents}) == 1
    assert documents[0].json["issuer"] == side.endpoints.issuer(TENANT)


def test_the_key_set_verifies_a_token_without_our_code(side: OAuthSide, file: File) -> None:
    token = log_in(file).json["access_token"]
    answer = send(f"{file['pu']}jwks", method="GET")
    assert answer.status == 200
    decoded = jwt.decode(token, KeySet.import_key_set(answer.json), algorithms=["RS256"])
    assert decoded.claims["iss"] == file["pu"].removesuffix("/")
    assert decoded.claims["aud"] == file["iu"]
    assert decoded.claims["Tenant"] == TENANT


def web_app(side: OAuthSide, *origins: str, **fields: Any) -> Any:
    return side.create_app(
        "Page", type=AppType.WEB, redirect_urls=(f"{PAGE}/back",), javascript_origins=origins,
        **fields,
    )  # fmt: skip


def preflight(side: OAuthSide, path: str, origin: str = PAGE, tenant: str = TENANT) -> Answer:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return send(side.endpoints.pu(tenant) + path, "", headers, "OPTIONS")


MACHINE_PATHS = ["token.oauth2", "revoke_token.oauth2", "introspect.oauth2", "connect/token"]


@pytest.mark.parametrize("path", MACHINE_PATHS)
def test_a_registered_page_may_call_and_read_answers_and_errors(side: OAuthSide, path: str) -> None:
    web_app(side, PAGE)
    asked = preflight(side, path)
    assert (asked.status, asked.body) == (204, b"")
    assert asked.headers["access-control-allow-origin"] == PAGE
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in asked.headers
    refused = send(side.endpoints.pu(TENANT) + path, "", {"Origin": PAGE})
    assert refused.status in (400, 401)
    assert refused.headers["access-control-allow-origin"] == PAGE
    assert refused.headers["vary"] == "Origin"


@pytest.mark.on_each_database
def test_a_page_logs_in_and_reads_its_tokens(side: OAuthSide, file: File) -> None:
    assert "access-control-allow-origin" not in log_in(file, Origin=PAGE).headers
    web_app(side, "HTTPS://App.Example.com:443")
    answer = log_in(file, Origin=PAGE)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, PAGE)


@pytest.mark.parametrize(
    "origin",
    [
        *(f"{PAGE}.evil.example", "https://evil.example", "http://app.example.com", "null", "*"),
        *(f"{PAGE}:8443", f"{PAGE}/", "https://app_example.com", '"', "%", "https://app.example"),
    ],
)
def test_no_other_page_is_let_in(side: OAuthSide, file: File, origin: str) -> None:
    web_app(side, PAGE, "https://second.example.com")
    asked = preflight(side, "token.oauth2", origin)
    assert (asked.status, asked.json["error"]) == (403, "access_denied")
    assert "access-control-allow-origin" not in asked.headers
    # The call itself is no worse than one without a browser, but the page cannot read it.
    assert "access-control-allow-origin" not in log_in(file, Origin=origin).headers


def test_another_tenants_page_is_not_let_in(side: OAuthSide, clock: MovableClock) -> None:
    add_tenant(side.database, clock, OTHER_TENANT)
    draft = AppDraft(
        "Page", AppType.WEB, redirect_urls=(f"{PAGE}/back",), javascript_origins=(PAGE,)
    )
    with side.database.write() as work:
        side.apps.create_app(Access(work, TenantScope(OTHER_TENANT), side.operator), draft)
    assert preflight(side, "token.oauth2").status == 403
    assert preflight(side, "token.oauth2", tenant=OTHER_TENANT).status == 204


def test_a_star_lets_every_page_in_until_the_app_is_disabled(side: OAuthSide) -> None:
    app = web_app(side, "*")
    assert preflight(side, "token.oauth2", "https://any.example").status == 204
    with side.database.write() as work:
        side.apps.set_app_disabled(Access(work, side.scope, side.operator), app.id, True)
    assert preflight(side, "token.oauth2", "https://any.example").status == 403


def test_scripts_cannot_call_the_authorization_endpoint(side: OAuthSide) -> None:
    web_app(side, PAGE)
    answer = preflight(side, "authorization.oauth2")
    assert answer.status == 405
    assert "access-control-allow-origin" not in answer.headers


def test_what_may_be_cached_is_not_mixed_up_between_pages(side: OAuthSide) -> None:
    web_app(side, PAGE)
    for path in ("jwks", ".well-known/oauth-authorization-server"):
        url = side.endpoints.pu(TENANT) + path
        assert send(url, method="GET").headers["vary"] == "Origin"
        answer = send(url, "", {"Origin": PAGE}, "GET")
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["vary"] == "Origin"


NO_FORMS = (
    ("application/json", '{"grant_type":"password","username":"x","password":"y"}'),
    ("application/json; charset=utf-8", '\ufeff\r\n [{"token": "x"}]'),
    ("application/xml", "<request/>"),
    ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data\r\n"),
    (FORM, '{"grant_type":"password"}'),
)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_body_that_is_no_form_is_refused_with_its_content_type(
    side: OAuthSide, file: File
) -> None:
    for path in (file["ot"], file["or"], "introspect.oauth2", file["oa"]):
        for kind, body in NO_FORMS:
            answer = send(file["pu"] + path, body.encode(), {"Content-Type": kind})
            assert answer.status == 400
            assert answer.json["error"] == "invalid_request"
            assert f"the Content-Type is {kind} and" in answer.json["error_description"]
            assert FORM in answer.json["error_description"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_where_the_parameters_are_in_the_address_the_body_may_be_anything(
    side: OAuthSide, file: File
) -> None:
    query = form(grant_type="password", username=file["saak"], password=file["sask"])
    headers = {"Authorization": basic(file), "Content-Type": "application/json"}
    for body in ("null", "{}", '{"a": 1}'):
        assert send(f"{file['pu']}{file['ot']}?{query}", body, headers).status == 200
