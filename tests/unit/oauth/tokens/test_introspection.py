from __future__ import annotations

from typing import Any

import pytest

from ionport.core.clock import MovableClock
from ionport.oauth.apps.model import AppType
from ionport.oauth.clients.authentication import OAuthRequest
from ionport.oauth.protocol import InvalidClient, InvalidRequest, Parameters
from tests.support.oauth import OAuthSide, add_user

File = dict[str, str]


@pytest.fixture
def file(side: OAuthSide, clock: MovableClock) -> File:
    user = add_user(side.database, clock)
    return side.credentials(side.create_app(issue_refresh_tokens=True), user_id=user.user_id)


def introspect(side: OAuthSide, file: File, token: str) -> dict[str, Any]:
    parameters = {"client_id": file["ci"], "client_secret": file["cs"], "token": token}
    request = OAuthRequest(Parameters(parameters.items()))
    with side.database.write() as work:
        return side.introspection.introspect(work.within(side.scope), request)


def test_a_client_learns_what_its_tokens_are_worth(side: OAuthSide, file: File) -> None:
    answer = side.log_in(file)
    said = introspect(side, file, answer["access_token"])
    assert said["active"] is True
    assert (said["client_id"], said["token_type"]) == (file["ci"], "Bearer")
    assert said["exp"] - said["iat"] == answer["expires_in"]
    assert (said["Tenant"], said["ServiceAccount"]) == (file["ti"], file["saak"])
    assert introspect(side, file, answer["refresh_token"]) == {
        "active": True, "client_id": file["ci"],
    }  # fmt: skip


@pytest.mark.on_each_database
def test_a_revoked_expired_or_foreign_token_is_inactive_and_no_more_is_said(
    side: OAuthSide, file: File, clock: MovableClock
) -> None:
    answer = side.log_in(file)
    other = side.credentials(side.create_app("other"))
    nothing = {"active": False}
    for token in (answer["access_token"], answer["refresh_token"], "x", "a.b.c", "é"):
        assert introspect(side, other, token) == nothing
    side.revoke(client_id=file["ci"], client_secret=file["cs"], token=answer["refresh_token"])
    assert introspect(side, file, answer["access_token"]) == nothing
    assert introspect(side, file, answer["refresh_token"]) == nothing


def test_who_asks_must_prove_who_they_are(side: OAuthSide, file: File) -> None:
    token = side.log_in(file)["access_token"]
    with pytest.raises(InvalidClient):
        introspect(side, {**file, "cs": "wrong"}, token)
    with pytest.raises(InvalidRequest):
        introspect(side, file, "")
    phone = side.create_app(
        "Phone", type=AppType.MOBILE_IOS, redirect_urls=("https://phone.example.com/cb",)
    )
    with pytest.raises(InvalidClient):
        introspect(side, {"ci": phone.client_id, "cs": ""}, token)
