"""The npm client oauth4webapi, strict by itself, completes the protocol unchanged."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest

from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType, GrantType
from ionport.oauth.tenant.settings import TokenForm
from tests.functional.conftest import NO_PEER, node_path
from tests.support.people import CALLBACK, Person, add_people_app, secret_of
from tests.support.whole import Site, site_on

# What is promised is HTTP; the SQL behind it is tested on each database with its services.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tests" / "peers" / "oauth4webapi.mjs"
PATIENCE_SECONDS = 120
LOOPBACK = "http://127.0.0.1:49152/callback"


@pytest.fixture(scope="module")
def node() -> str:
    """The path of node; without it or the client, skipped, and failed where CI=true."""
    path = node_path()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_PEER)
        pytest.skip(NO_PEER)
    return path


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with site_on(tmp_path / "data", database_url) as site:
        site.add_user("anna")
        yield site


class Peer:
    """A running client script: what it says, and what it is told."""

    def __init__(self, told: IO[str], said: IO[str]) -> None:
        self._told = told
        self._said = said

    def tell(self, line: str) -> None:
        self._told.write(line + "\n")
        self._told.flush()

    def hear(self) -> Any:
        """The next thing it says; nothing when it has ended."""
        return json.loads(self._said.readline() or "null")


@contextmanager
def peer(node: str, site: Site, settings: Mapping[str, str]) -> Iterator[Peer]:
    """Run the script as the client that `settings` describe; at the end it must be content."""
    assert site.application.infor is not None
    issuer = site.application.infor.endpoints.issuer(site.tenant.tenant_id)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [node, str(SCRIPT)], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            peer = Peer(process.stdin, process.stdout)
            peer.tell(json.dumps({"issuer": issuer, **settings}))
            yield peer
        finally:
            _unused, complaint = process.communicate(timeout=PATIENCE_SECONDS)
            assert process.returncode == 0, complaint


def use_rfc9068_tokens(site: Site) -> str:
    """Let the tenant's tokens say that they are access tokens; returns their audience."""
    assert site.application.infor is not None
    infor, operator = site.application.infor, Actor.operator()
    with site.application.database.write() as work:
        access = Access(work, site.tenant, operator)
        before = infor.tenant_settings.get(access)
        changed = replace(before, token_form=TokenForm.RFC9068)
        infor.tenant_settings.change(access, changed)
    return infor.endpoints.audience


def allowed(site: Site, url: str) -> str:
    """What anna's browser does with an authorization URL: sign on, allow, come back."""
    with httpx2.Client(base_url=str(site.browser.http.base_url), timeout=120) as http:
        return Person(http).allow(url, "anna")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_it_completes_code_pkce_refresh_introspect_and_revoke(
    node: str, site: Site, method: str
) -> None:
    app = add_people_app(site)
    settings = {
        "clientId": app.client_id, "clientSecret": secret_of(site, app), "method": method,
        "redirectUri": CALLBACK,
    }  # fmt: skip
    with peer(node, site, settings) as client:
        client.tell(allowed(site, client.hear()["url"]))
        assert client.hear() == {"rotates": False}
        assert client.hear() == {"done": True}


def test_it_verifies_a_persons_token_by_the_key_set(node: str, site: Site) -> None:
    app = add_people_app(site)
    settings = {
        "clientId": app.client_id, "clientSecret": secret_of(site, app),
        "method": "client_secret_basic", "redirectUri": CALLBACK,
        "audience": use_rfc9068_tokens(site),
    }  # fmt: skip
    with peer(node, site, settings) as client:
        client.tell(allowed(site, client.hear()["url"]))
        assert client.hear() == {"rotates": False}
        assert client.hear() == {"done": True}


def test_as_a_public_client_it_gets_a_new_refresh_token_each_time(node: str, site: Site) -> None:
    app = add_people_app(
        site, "Desktop", type=AppType.MOBILE_WINDOWS, redirect_urls=("http://127.0.0.1/callback",)
    )
    settings = {"clientId": app.client_id, "method": "none", "redirectUri": LOOPBACK}
    with peer(node, site, settings) as client:
        client.tell(allowed(site, client.hear()["url"]))
        assert client.hear() == {"rotates": True}
        assert client.hear() == {"done": True}


@pytest.mark.parametrize("form", TokenForm)
def test_it_logs_in_for_itself_introspects_and_revokes(
    node: str, site: Site, form: TokenForm
) -> None:
    assert site.application.infor is not None
    draft = AppDraft("Nightly", grant_type=GrantType.CLIENT_CREDENTIALS, description="x")
    with site.application.database.write() as work:
        app = site.application.infor.apps.create_app(
            Access(work, site.tenant, Actor.operator()), draft
        )
    settings = {
        "clientId": app.client_id, "clientSecret": secret_of(site, app),
        "method": "client_secret_basic",
    }  # fmt: skip
    if form is TokenForm.RFC9068:
        settings["audience"] = use_rfc9068_tokens(site)
    with peer(node, site, settings) as client:
        assert client.hear() == {"done": True}
