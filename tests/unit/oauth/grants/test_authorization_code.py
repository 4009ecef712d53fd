"""Codes: bound to client, redirect URL and PKCE, once, for a minute."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Unauthenticated
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.oauth.apps.model import AppType, AuthorizedApp
from ionport.oauth.protocol import (
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    OAuthError,
    UnauthorizedClient,
)
from tests.support.oauth import PKCE, TENANT, VERIFIER, OAuthSide, add_user

CALLBACK = "https://app.example.com/callback"


@pytest.fixture
def anna(side: OAuthSide, clock: MovableClock) -> Actor:
    return add_user(side.database, clock)


def web_app(side: OAuthSide, name: str = "Web", **fields: Any) -> AuthorizedApp:
    fields = {"redirect_urls": (CALLBACK,), "issue_refresh_tokens": True, **fields}
    return side.create_app(name, type=AppType.WEB, **fields)


def mobile_app(side: OAuthSide, name: str = "Phone", **fields: Any) -> AuthorizedApp:
    fields = {"redirect_urls": ("com.example.app:/cb",), "issue_refresh_tokens": True, **fields}
    return side.create_app(name, type=AppType.MOBILE_ANDROID, **fields)


def redeem(side: OAuthSide, app: AuthorizedApp, code: str, **changes: str) -> dict[str, Any]:
    """Redeem a code: with the secret for a confidential app, with PKCE for a public one."""
    parameters = {"grant_type": "authorization_code", "code": code, "client_id": app.client_id}
    if app.is_public:
        parameters["code_verifier"] = VERIFIER
    else:
        parameters["client_secret"] = secret_of(side, app)
    changed = parameters | changes
    return side.request(**{name: value for name, value in changed.items() if value})


def secret_of(side: OAuthSide, app: AuthorizedApp) -> str:
    with side.database.write() as work:
        secret = side.apps.reveal_secret(
            Access(work, side.scope, side.operator), app.id, side.proof
        )
    return secret.reveal()


def test_a_code_gives_tokens_of_the_person_who_approved(side: OAuthSide, anna: Actor) -> None:
    app = web_app(side)
    answer = redeem(side, app, side.code(anna, app))
    token = side.verifier.verify(answer["access_token"], TENANT)
    assert token.service_account is None
    assert token.identity2
    assert token.client_id == app.client_id
    assert "sub" not in token.claims
    assert answer["refresh_token"]


@pytest.mark.on_each_database
def test_a_code_works_once_and_its_second_use_kills_the_tokens_of_the_first(
    side: OAuthSide, anna: Actor
) -> None:
    app = web_app(side)
    code = side.code(anna, app)
    first = redeem(side, app, code)
    with pytest.raises(InvalidGrant):
        redeem(side, app, code)
    with pytest.raises(Unauthenticated) as refused:
        side.verifier.verify(first["access_token"], TENANT)
    assert refused.value.code == "token_revoked"
    with pytest.raises(InvalidGrant):
        side.request(
            grant_type="refresh_token", refresh_token=first["refresh_token"],
            client_id=app.client_id, client_secret=secret_of(side, app),
        )  # fmt: skip


def race(*works: Any) -> list[Any]:
    """Run the works at the same time; returns what each returned or raised."""
    together, results = threading.Barrier(len(works)), [None] * len(works)

    def run(index: int) -> None:
        together.wait()
        try:
            results[index] = works[index]()
        except OAuthError as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.on_each_database
def test_two_racing_uses_of_a_code_leave_nobody_with_a_token(side: OAuthSide, anna: Actor) -> None:
    app = mobile_app(side)
    for _round in range(5):
        code = side.code(anna, app, **PKCE)
        results = race(*[lambda code=code: redeem(side, app, code)] * 2)
        assert any(isinstance(result, InvalidGrant) for result in results)
        for result in results:
            if isinstance(result, dict):
                with pytest.raises(Unauthenticated):
                    side.verifier.verify(result["access_token"], TENANT)


@pytest.mark.on_each_database
def test_two_racing_uses_of_a_rotated_refresh_token_close_the_grant(
    side: OAuthSide, anna: Actor
) -> None:
    app = mobile_app(side)
    for _round in range(5):
        token = redeem(side, app, side.code(anna, app, **PKCE))["refresh_token"]

        def refresh(token: str = token) -> Any:
            return side.request(
                grant_type="refresh_token", refresh_token=token, client_id=app.client_id
            )

        results = race(refresh, refresh)
        assert any(isinstance(result, InvalidGrant) for result in results)
        for result in results:
            if isinstance(result, dict):
                with pytest.raises(Unauthenticated):
                    side.verifier.verify(result["access_token"], TENANT)
                with pytest.raises(InvalidGrant):
                    refresh(result["refresh_token"])


@pytest.mark.on_each_database
def test_a_public_apps_refresh_token_rotates_and_its_reuse_burns_the_family(
    side: OAuthSide, anna: Actor
) -> None:
    app = mobile_app(side)
    first = redeem(side, app, side.code(anna, app, **PKCE))
    again = {"grant_type": "refresh_token", "client_id": app.client_id}
    second = side.request(**again, refresh_token=first["refresh_token"])
    third = side.request(**again, refresh_token=second["refresh_token"])
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    side.verifier.verify(third["access_token"], TENANT)
    with pytest.raises(InvalidGrant):
        side.request(**again, refresh_token=first["refresh_token"])
    with pytest.raises(Unauthenticated):
        side.verifier.verify(third["access_token"], TENANT)
    with pytest.raises(InvalidGrant):
        side.request(**again, refresh_token=third["refresh_token"])


def test_a_confidential_apps_refresh_token_stays_the_same(side: OAuthSide, anna: Actor) -> None:
    app = web_app(side)
    first = redeem(side, app, side.code(anna, app))
    for _round in range(2):
        answer = side.request(
            grant_type="refresh_token", refresh_token=first["refresh_token"],
            client_id=app.client_id, client_secret=secret_of(side, app),
        )  # fmt: skip
        assert answer["refresh_token"] == first["refresh_token"]


def test_a_code_is_over_after_a_minute(side: OAuthSide, anna: Actor, clock: MovableClock) -> None:
    app = web_app(side)
    code = side.code(anna, app)
    clock.advance(timedelta(seconds=60))
    with pytest.raises(InvalidGrant):
        redeem(side, app, code)


def test_another_client_cannot_use_a_code_nor_spoil_it(side: OAuthSide, anna: Actor) -> None:
    mine, other = web_app(side, "mine"), web_app(side, "other")
    code = side.code(anna, mine)
    with pytest.raises(InvalidGrant):
        redeem(side, other, code)
    assert redeem(side, mine, code)["access_token"]


def test_another_client_cannot_refresh_nor_close_a_public_apps_grant(
    side: OAuthSide, anna: Actor
) -> None:
    mine, other = mobile_app(side, "mine"), mobile_app(side, "other")
    first = redeem(side, mine, side.code(anna, mine, **PKCE))
    second = side.request(
        grant_type="refresh_token", refresh_token=first["refresh_token"], client_id=mine.client_id
    )
    for token in (first["refresh_token"], second["refresh_token"]):
        with pytest.raises(InvalidGrant):
            side.request(grant_type="refresh_token", refresh_token=token, client_id=other.client_id)
    side.verifier.verify(second["access_token"], TENANT)


def test_the_redirect_url_must_be_repeated_letter_by_letter(side: OAuthSide, anna: Actor) -> None:
    app = web_app(side)
    code = side.code(anna, app, redirect_uri=CALLBACK)
    for wrong in ("", f"{CALLBACK}/", CALLBACK.replace("app.", "App.")):
        with pytest.raises(InvalidGrant):
            redeem(side, app, code, redirect_uri=wrong)
    assert redeem(side, app, code, redirect_uri=CALLBACK)


def test_a_redirect_url_that_was_left_out_need_not_be_sent(side: OAuthSide, anna: Actor) -> None:
    app = web_app(side)
    assert redeem(side, app, side.code(anna, app))["access_token"]


@pytest.mark.parametrize("verifier", ["w" * 43, "v" * 42, "v" * 44, "v" * 42 + "é", "v" * 129])
def test_a_wrong_code_verifier_is_refused(side: OAuthSide, anna: Actor, verifier: str) -> None:
    app = mobile_app(side)
    code = side.code(anna, app, **PKCE)
    with pytest.raises(InvalidGrant):
        redeem(side, app, code, code_verifier=verifier)


def test_a_code_with_a_challenge_needs_the_verifier_even_with_the_secret(
    side: OAuthSide, anna: Actor
) -> None:
    app = web_app(side)
    code = side.code(anna, app, **PKCE)
    with pytest.raises(InvalidRequest):
        redeem(side, app, code)
    assert redeem(side, app, code, code_verifier=VERIFIER)


def test_a_verifier_without_a_challenge_is_a_stripped_challenge(
    side: OAuthSide, anna: Actor
) -> None:
    app = web_app(side)
    with pytest.raises(InvalidGrant):
        redeem(side, app, side.code(anna, app), code_verifier=VERIFIER)


def test_a_confidential_app_must_prove_itself_to_redeem_a_code(
    side: OAuthSide, anna: Actor
) -> None:
    app = web_app(side)
    code = side.code(anna, app, **PKCE)
    with pytest.raises(InvalidClient):
        redeem(side, app, code, client_secret="", code_verifier=VERIFIER)


@pytest.mark.on_each_database
def test_a_person_who_left_the_tenant_gets_no_tokens_and_loses_those_they_had(
    side: OAuthSide, anna: Actor
) -> None:
    from sqlalchemy import delete

    from ionport.identity.tables import tenant_memberships

    app = web_app(side)
    code, had = side.code(anna, app), redeem(side, app, side.code(anna, app))
    with side.database.write() as work:
        work.connection.execute(delete(tenant_memberships))
        work.after_commit(side.states.forget)
    with pytest.raises(InvalidGrant):
        redeem(side, app, code)
    with pytest.raises(Unauthenticated):
        side.verifier.verify(had["access_token"], TENANT)


def test_the_password_grant_is_not_for_web_apps(side: OAuthSide) -> None:
    app = web_app(side)
    with pytest.raises(UnauthorizedClient):
        side.request(
            grant_type="password", username="x", password="y",
            client_id=app.client_id, client_secret=secret_of(side, app),
        )  # fmt: skip


def test_a_backend_service_cannot_redeem_codes(side: OAuthSide) -> None:
    app = side.create_app()
    with pytest.raises(UnauthorizedClient):
        redeem(side, app, "code")
