"""Clients that sign people on, public and not; see also `test_known_clients`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Unauthenticated
from ionport.identity.model import Actor
from ionport.oauth.apps.model import AppType, AuthorizedApp
from ionport.store import Database
from tests.support.oauth import (
    PKCE,
    TENANT,
    VERIFIER,
    Answer,
    OAuthSide,
    add_user,
    basic,
    send,
    serve_side,
)

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def side(database: Database, clock: MovableClock) -> Iterator[OAuthSide]:
    with serve_side(database, clock) as side:
        yield side


@pytest.fixture
def anna(side: OAuthSide, clock: MovableClock) -> Actor:
    return add_user(side.database, clock)


def people_app(side: OAuthSide, type_: AppType, url: str, **fields: Any) -> AuthorizedApp:
    fields = {"issue_refresh_tokens": True, **fields}
    return side.create_app("People", type=type_, redirect_urls=(url,), **fields)


def form(**values: str) -> str:
    return "&".join(f"{name}={quote_plus(value)}" for name, value in values.items())


def addresses(file: dict[str, str]) -> tuple[str, str]:
    return file["pu"] + file["ot"], file["pu"] + file["or"]


def assert_works(side: OAuthSide, answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    assert isinstance(answer.json["expires_in"], int)
    side.verifier.verify(answer.json["access_token"], TENANT)
    return answer.json


def assert_dead(side: OAuthSide, token: str) -> None:
    with pytest.raises(Unauthenticated):
        side.verifier.verify(token, TENANT)


@pytest.mark.parametrize("is_public", [True, False])
def test_the_mobile_sdk_sends_its_secret_only_when_the_file_has_one(
    side: OAuthSide, anna: Actor, is_public: bool
) -> None:
    """Its versions without PKCE need an app that keeps a secret; a public app sends a challenge."""
    url = "com.example.app:/callback"
    app = people_app(side, AppType.MOBILE_ANDROID, url, is_public=is_public)
    file = side.credentials(app, account=False)
    assert ("cs" in file) is not is_public
    secret = {} if is_public else {"client_secret": file["cs"]}
    proof = {"code_verifier": VERIFIER} if is_public else {}
    challenge = PKCE if is_public else {}
    code = side.code(anna, app, redirect_uri=url, TenantId=TENANT, scope="", **challenge)
    token_url, revocation_url = addresses(file)
    headers = {"Content-Type": f"{FORM};charset=utf-8"}
    body = form(
        client_id=file["ci"], grant_type="authorization_code", code=code, redirect_uri=url,
        **secret, **proof,
    )  # fmt: skip
    answer = assert_works(side, send(token_url, body, headers))
    body = form(
        client_id=file["ci"], grant_type="refresh_token", redirect_uri=url,
        refresh_token=answer["refresh_token"], **secret,
    )  # fmt: skip
    refreshed = assert_works(side, send(token_url, body, headers))
    assert (refreshed["refresh_token"] != answer["refresh_token"]) is is_public
    body = form(
        client_id=file["ci"], token=refreshed["refresh_token"], token_type_hint="refresh_token",
        **secret,
    )  # fmt: skip
    assert send(revocation_url, body, headers).status == 200
    assert_dead(side, refreshed["access_token"])


def test_the_h5_command_line_reads_a_token_from_the_fragment(side: OAuthSide, anna: Actor) -> None:
    side.change_settings(implicit_allowed=True)
    app = people_app(side, AppType.WEB, "http://localhost:8080/")
    back = side.approve(anna, app, response_type="token", redirect_uri="http://localhost:8080/")
    said = parse_qs(urlsplit(back).fragment)
    assert back.startswith("http://localhost:8080/#")
    assert (said["token_type"], said["expires_in"]) == (["Bearer"], ["7200"])
    side.verifier.verify(said["access_token"][0], TENANT)


@pytest.mark.parametrize("flavour", ["as/connect/token", "as/token.oauth2"])
def test_both_flavours_of_the_token_address_answer(side: OAuthSide, flavour: str) -> None:
    file = side.credentials(side.create_app())
    url = f"{side.endpoints.iu}/{TENANT}/{flavour}"
    body = form(grant_type="password", username=file["saak"], password=file["sask"])
    assert_works(side, send(url, body, {"Authorization": basic(file), "Content-Type": FORM}))


def test_a_posted_authorization_request_keeps_its_bytes(side: OAuthSide) -> None:
    url = f"{side.endpoints.iu}/{TENANT}/as/authorization.oauth2"
    body = f"client_id={quote('A~1')}&state=%20%2B+&redirect_uri=oob%3A%2F%2Fx"
    answer = send(url, body, {"Content-Type": FORM})
    assert answer.status == 303
    assert answer.headers["location"] == f"/{TENANT}/as/authorization.oauth2?{body}"
    for bad in (b"\xff\xfe", b"a=\r\nb", b"x" * 9000, b"x" * 70_000):
        assert send(url, bad, {"Content-Type": FORM}).status in (400, 413)
