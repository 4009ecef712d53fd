"""Scopes at the gateway, over a socket, with tokens that the authorization server issued."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.responses import PlainTextResponse

from ionport.core.clock import MovableClock
from ionport.gateway.proxy.app import Gateway
from ionport.oauth.tenant.settings import ScopeMode
from ionport.store import Database
from tests.support.oauth import TENANT, Answer, OAuthSide, add_tenant, send
from tests.support.server import serve_at


@pytest.fixture
def side(database: Database, clock: MovableClock) -> Iterator[OAuthSide]:
    add_tenant(database, clock)
    sides: list[OAuthSide] = []

    def make(base_url: str) -> Gateway:
        sides.append(OAuthSide(database, clock, base_url=base_url))
        here = PlainTextResponse("here")
        back_ends = {"IDM": here, "ION": here, "IONSERVICES": here}
        return Gateway(back_ends, sides[0].verifier)

    with serve_at(make):
        yield sides[0]


def call(side: OAuthSide, token: str, path: str = "IDM/api/items") -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    return send(f"{side.endpoints.iu}/{TENANT}/{path}", headers=headers, method="GET")


def test_without_the_suites_scope_the_answer_is_403_and_names_it(side: OAuthSide) -> None:
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    app = side.create_app(scopes=("Infor-IDM",))
    token = side.log_in(side.credentials(app, scopes=("Infor-IDM",)))["access_token"]
    assert call(side, token).status == 200
    refused = call(side, token, "ION/anything")
    assert refused.status == 403
    assert refused.json["code"] == "insufficient_scope"
    assert "Infor-ION" in refused.json["message"]
    challenge = refused.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="insufficient_scope"')
    assert 'scope="Infor-ION"' in challenge


def test_the_paths_letter_case_is_free_while_the_scopes_is_not(side: OAuthSide) -> None:
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    upper = side.create_app(scopes=("INFOR-IDM",))
    right = side.create_app("Right_TST", scopes=("Infor-IDM",))
    wrong_case = side.log_in(side.credentials(upper, scopes=("INFOR-IDM",)))["access_token"]
    token = side.log_in(side.credentials(right, scopes=("Infor-IDM",)))["access_token"]
    assert call(side, wrong_case).status == 403
    assert call(side, token, "idm/api/items").status == 200


def test_ions_suite_takes_the_scope_that_infors_files_have(side: OAuthSide) -> None:
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    for scope, status in (("Infor-ION", 200), ("Infor-IONSERVICES", 200), ("Infor-IDM", 403)):
        app = side.create_app(f"{scope}_TST", scopes=(scope,))
        token = side.log_in(side.credentials(app, scopes=(scope,)))["access_token"]
        assert call(side, token, "IONSERVICES/api/ion").status == status


def test_after_a_change_of_scopes_a_new_token_is_needed(side: OAuthSide) -> None:
    file = side.credentials(side.create_app(scopes=("Infor-ION",)), scopes=("Infor-ION",))
    old = side.log_in(file)["access_token"]
    side.change_settings(scope_mode=ScopeMode.ENFORCED)
    new = side.log_in(file)["access_token"]
    assert call(side, old).status == 200
    assert call(side, new).status == 403
