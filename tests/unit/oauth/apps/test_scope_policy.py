from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ionport.oauth.protocol import InvalidScope
from ionport.oauth.tenant.settings import ScopeMode
from tests.support.oauth import OAuthSide

BOTH = ("Infor-IDM", "Infor-ION")


def claims(answer: dict[str, Any]) -> dict[str, Any]:
    text = answer["access_token"].split(".")[1]
    values: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return values


def test_where_scopes_are_disabled_nothing_of_them_is_in_a_token(side: OAuthSide) -> None:
    file = side.credentials(side.create_app(scopes=BOTH), scopes=BOTH)
    answer = side.log_in(file)
    assert "scope" not in answer
    assert "scope" not in claims(answer)
    assert claims(answer)["EnforceScopesForClient"] == "0"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("openid profile", "openid profile"), ('openid  "x" \u00e4 Infor-ION', "openid Infor-ION")],
)
def test_an_answer_says_the_scopes_that_were_asked_for(
    side: OAuthSide, asked: str, answered: str
) -> None:
    file = side.credentials(side.create_app(scopes=BOTH), scopes=BOTH)
    answer = side.log_in(file, scope=asked)
    assert answer["scope"] == answered
    assert "scope" not in claims(answer)


def test_an_enforced_token_says_the_scopes_that_app_and_account_share(side: OAuthSide) -> None:
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    app = side.create_app(scopes=("Infor-ION", "Infor-LN", "Infor-IDM"))
    answer = side.log_in(side.credentials(app, scopes=("Infor-IDM", "Infor-ION", "Infor-M3")))
    assert answer["scope"] == claims(answer)["scope"] == "Infor-ION Infor-IDM"
    assert claims(answer)["EnforceScopesForClient"] == "1"


def test_a_request_narrows_its_scopes_and_never_widens_them(side: OAuthSide) -> None:
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    file = side.credentials(side.create_app(scopes=BOTH), scopes=("Infor-IDM",))
    assert side.log_in(file, scope="Infor-IDM")["scope"] == "Infor-IDM"
    for asked in ("Infor-ION", "infor-idm", "INFOR-IDM", "Infor-IDM Infor-ION", "openid"):
        with pytest.raises(InvalidScope, match="letter case matters"):
            side.log_in(file, scope=asked)


def test_an_enforced_app_without_scopes_gets_no_token_at_all(side: OAuthSide) -> None:
    """An empty list must never read as "everything"."""
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    bare = side.credentials(side.create_app(scopes=()), scopes=BOTH)
    other = side.credentials(side.create_app("Other_TST", scopes=BOTH), scopes=())
    for file in (bare, other):
        with pytest.raises(InvalidScope, match="none is given"):
            side.log_in(file)


def test_per_app_enforcement_leaves_the_other_apps_alone(side: OAuthSide) -> None:
    side.change_settings(scope_mode=ScopeMode.PER_APP)
    free = side.credentials(side.create_app(scopes=BOTH), scopes=BOTH)
    bound = side.create_app("Bound_TST", scopes=BOTH, enforce_scopes=True)
    assert "scope" not in side.log_in(free)
    assert side.log_in(side.credentials(bound, scopes=BOTH))["scope"] == "Infor-IDM Infor-ION"


@pytest.mark.on_each_database
def test_a_refresh_gives_what_the_login_had_and_may_ask_for_less(side: OAuthSide) -> None:
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    app = side.create_app(scopes=BOTH, issue_refresh_tokens=True)
    file = side.credentials(app, scopes=BOTH)
    answer = side.log_in(file, scope="Infor-IDM")
    assert side.refresh(file, answer["refresh_token"])["scope"] == "Infor-IDM"
    with pytest.raises(InvalidScope):
        side.refresh(file, answer["refresh_token"], scope="Infor-ION")


def test_a_refresh_after_the_enforcement_began_carries_scopes(side: OAuthSide) -> None:
    app = side.create_app(scopes=BOTH, issue_refresh_tokens=True)
    file = side.credentials(app, scopes=("Infor-IDM",))
    before = side.log_in(file)
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    assert side.refresh(file, before["refresh_token"])["scope"] == "Infor-IDM"
