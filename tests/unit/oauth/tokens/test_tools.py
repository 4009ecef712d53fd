from __future__ import annotations

import ast
import base64
import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse

from ionport.core.clock import MovableClock
from ionport.core.errors import Forbidden
from ionport.gateway.proxy.app import Gateway
from ionport.identity.access import Access
from ionport.oauth.apps.model import GrantType
from ionport.oauth.tokens.tools import TokenReport, TokenToolsService
from ionport.serving.infor_http import InforApps, InforRouter
from ionport.store import Database, TenantScope
from tests.support.examples import example_count
from tests.support.oauth import OTHER_TENANT, OAuthSide, add_tenant, add_user
from tests.support.server import serve_at


def tools(side: OAuthSide) -> TokenToolsService:
    return TokenToolsService(side.clock, side.access_tokens, side.tokens, side.audit)


def inspect(side: OAuthSide, pasted: str, scope: TenantScope | None = None) -> TokenReport:
    with side.database.read() as work:
        return tools(side).inspect(Access(work, scope or side.scope, side.operator), pasted)


@pytest.mark.on_each_database
def test_a_good_token_is_decoded_and_accepted(side: OAuthSide) -> None:
    file = side.credentials(side.create_app())
    token = side.log_in(file)["access_token"]
    for pasted in (
        token,
        f"Bearer {token}",
        f" Authorization: Bearer\n {token[:50]}\n{token[50:]} ",
    ):
        report = inspect(side, pasted)
        assert report.is_accepted
        assert report.seconds_left == 7200
        assert report.claims is not None
        assert report.claims["client_id"] == file["ci"]
        assert report.header == {"kid": side.keys.current().kid, "alg": "RS256"}


def test_each_refusal_has_its_reason_and_a_remedy(side: OAuthSide, clock: MovableClock) -> None:
    file = side.credentials(side.create_app(issue_refresh_tokens=True))
    answer = side.log_in(file)
    token, dead = answer["access_token"], side.log_in(file)["access_token"]
    side.revoke(token=dead, client_id=file["ci"], client_secret=file["cs"])
    head, claims, signature = token.split(".")
    foreign = base64.urlsafe_b64encode(json.dumps({"kid": "x", "alg": "RS256"}).encode()).decode()
    reports = {
        "token_missing": inspect(side, "  "),
        "token_malformed": inspect(side, answer["refresh_token"]),
        "token_bad_signature": inspect(side, f"{head}.{claims}.{signature[:-8]}AAAAAAAA"),
        "token_unknown_key": inspect(side, f"{foreign.rstrip('=')}.{claims}.{signature}"),
        "token_wrong_issuer": inspect(side, token, TenantScope(OTHER_TENANT)),
        "token_revoked": inspect(side, dead),
    }
    clock.advance(timedelta(hours=3))
    reports["token_expired"] = inspect(side, token)
    for code, report in reports.items():
        assert report.code == code
        assert not report.is_accepted
        assert report.text
        assert report.remedy
    assert reports["token_expired"].seconds_left == -3600


def test_only_administrators_inspect_tokens(side: OAuthSide) -> None:
    plain = add_user(side.database, side.clock)
    with side.database.read() as work, pytest.raises(Forbidden):
        tools(side).inspect(Access(work, side.scope, plain), "x")


@given(text=st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[\w-]*"))
@settings(
    max_examples=example_count(80),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_pasted_has_an_answer(side: OAuthSide, text: str) -> None:
    report = inspect(side, text)
    assert report.code
    assert report.remedy


def test_the_snippets_run_as_they_stand_and_hold_no_secret(
    database: Database, clock: MovableClock
) -> None:
    add_tenant(database, clock)
    sides: list[OAuthSide] = []

    def make(base_url: str) -> InforRouter:
        sides.append(OAuthSide(database, clock, base_url=base_url))
        gateway = Gateway({"IDM": PlainTextResponse("found it")}, sides[0].verifier)
        return InforRouter(InforApps(sides[0].asgi(), gateway))

    with serve_at(make):
        side = sides[0]
        machine = side.create_app("Machine_TST", grant_type=GrantType.CLIENT_CREDENTIALS)
        for app, has_account in ((side.create_app(), True), (machine, False)):
            file = side.credentials(app, account=has_account)
            snippets = tools(side).snippets(app)
            secrets = {"CS": file["cs"], "SAAK": file.get("saak", ""), "SASK": file.get("sask", "")}
            for text, command in (
                (snippets.curl, ["bash", "-c", snippets.curl]),
                (snippets.python, [sys.executable, "-c", snippets.python]),
            ):
                assert not any(secret in text for secret in secrets.values() if secret)
                done = subprocess.run(
                    command,
                    env={**os.environ, **secrets},
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                assert done.stdout.strip() == "found it", done.stderr
            ast.parse(snippets.python)
