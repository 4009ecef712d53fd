"""Clients that others wrote complete the protocol against a running server, unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from oauthlib.oauth2 import BackendApplicationClient, WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from ionport.identity.access import Access
from ionport.identity.model import Actor, PasswordProof
from ionport.oauth.apps.bridge.keys import new_key_pair
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType, AuthorizedApp, GrantType
from tests.support.people import CALLBACK, Person, add_people_app, secret_of
from tests.support.whole import Site, site_on

# What is promised is HTTP; the SQL behind it is tested on each database with its services.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the test is on the loopback address, without TLS."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with site_on(tmp_path / "data", database_url) as site:
        site.add_user("anna")
        yield site


@pytest.fixture
def allow(site: Site) -> Iterator[Callable[[str], str]]:
    """What anna's browser does with an authorization URL: sign on, allow, come back."""
    with httpx2.Client(base_url=str(site.browser.http.base_url), timeout=120) as http:
        anna = Person(http)
        yield lambda url: anna.allow(url, "anna")


@pytest.fixture
def server(site: Site) -> dict[str, Any]:
    """The server's own description, found as RFC 8414 says and checked by Authlib."""
    assert site.application.infor is not None
    issuer = site.application.infor.endpoints.issuer(site.tenant.tenant_id)
    found: dict[str, Any] = requests.get(
        get_well_known_url(issuer, external=True), timeout=120
    ).json()
    after = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=120).json()
    assert after == found
    assert found["issuer"] == issuer
    AuthorizationServerMetadata(found).validate()
    return found


def public_app(site: Site) -> AuthorizedApp:
    urls = ("http://127.0.0.1/callback",)
    return add_people_app(site, "Desktop", type=AppType.MOBILE_WINDOWS, redirect_urls=urls)


def test_authlib_completes_code_pkce_refresh_introspect_and_revoke(
    site: Site, server: dict[str, Any], allow: Callable[[str], str]
) -> None:
    app = add_people_app(site)
    session = AuthlibSession(
        app.client_id, secret_of(site, app), redirect_uri=CALLBACK, code_challenge_method="S256"
    )
    verifier = "v" * 64
    url, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier
    )
    back = allow(url)
    assert parse_qs(urlsplit(back).query)["iss"] == [server["issuer"]]
    token = session.fetch_token(
        server["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )
    refreshed = session.refresh_token(server["token_endpoint"])
    assert refreshed["access_token"] != token["access_token"]
    assert refreshed["refresh_token"] == token["refresh_token"]
    about = {"url": server["introspection_endpoint"], "token": refreshed["access_token"]}
    assert session.introspect_token(**about).json()["active"] is True
    revoked = session.revoke_token(
        server["revocation_endpoint"], refreshed["refresh_token"], "refresh_token"
    )
    assert revoked.status_code == 200
    assert session.introspect_token(**about).json() == {"active": False}


def test_authlib_as_a_public_client_rotates_its_refresh_tokens(
    site: Site, server: dict[str, Any], allow: Callable[[str], str]
) -> None:
    app = public_app(site)
    session = AuthlibSession(
        app.client_id, redirect_uri="http://127.0.0.1:49152/callback",
        code_challenge_method="S256", token_endpoint_auth_method="none",
    )  # fmt: skip
    url, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier="w" * 43
    )
    back = allow(url)
    assert back.startswith("http://127.0.0.1:49152/callback?code=")
    token = session.fetch_token(
        server["token_endpoint"], authorization_response=back, state=state, code_verifier="w" * 43
    )
    first = token["refresh_token"]
    assert session.refresh_token(server["token_endpoint"])["refresh_token"] != first


def test_authlib_logs_in_with_a_private_key(site: Site, server: dict[str, Any]) -> None:
    assert site.application.infor is not None
    infor, operator, pair = site.application.infor, Actor.operator(), new_key_pair()
    draft = AppDraft(
        "Bridge", grant_type=GrantType.CLIENT_CREDENTIALS, description="x", use_bridge=True
    )
    with site.application.database.write() as work:
        access = Access(work, site.tenant, operator)
        app = infor.apps.create_app(access, draft)
        proof = PasswordProof.operator(site.application.clock.now())
        infor.app_security.add_bridge_key(access, app.id, proof, pair)
    session = AuthlibSession(
        app.client_id, dict(pair.private_jwk), token_endpoint_auth_method="private_key_jwt"
    )
    session.register_client_auth_method(PrivateKeyJWT(server["token_endpoint"]))
    token = session.fetch_token(server["token_endpoint"], grant_type="client_credentials")
    assert token["token_type"] == "Bearer"


def test_requests_oauthlib_completes_code_pkce_and_refresh(
    site: Site, server: dict[str, Any], allow: Callable[[str], str]
) -> None:
    app = add_people_app(site)
    secret = secret_of(site, app)
    session = OAuth2Session(app.client_id, redirect_uri=CALLBACK, pkce="S256")
    url, state = session.authorization_url(server["authorization_endpoint"])
    back = allow(url)
    assert parse_qs(urlsplit(back).query)["state"] == [state]
    token = session.fetch_token(
        server["token_endpoint"], authorization_response=back, client_secret=secret
    )
    refreshed = session.refresh_token(
        server["token_endpoint"], auth=HTTPBasicAuth(app.client_id, secret)
    )
    assert refreshed["access_token"] != token["access_token"]
    gateway = str(site.browser.http.base_url).rstrip("/")
    detail = session.get(
        f"{gateway}/{site.tenant.tenant_id}/Mingle/SocialService.Svc/User/Detail", timeout=120
    )
    assert detail.json()["UserDetailList"][0]["UserName"] == "anna"
    token_url, headers, body = WebApplicationClient(app.client_id).prepare_token_revocation_request(
        server["revocation_endpoint"], refreshed["refresh_token"], "refresh_token"
    )
    told = requests.post(
        token_url, body, headers=headers, auth=(app.client_id, secret), timeout=120
    )
    assert (told.status_code, told.content) == (200, b"{}")
    asked = requests.post(
        server["introspection_endpoint"],
        {"token": refreshed["access_token"]},
        auth=(app.client_id, secret),
        timeout=120,
    )
    assert asked.json() == {"active": False}


@pytest.mark.parametrize("client", ["authlib", "requests-oauthlib"])
def test_a_machine_logs_in_for_itself(site: Site, server: dict[str, Any], client: str) -> None:
    assert site.application.infor is not None
    draft = AppDraft("Machine", grant_type=GrantType.CLIENT_CREDENTIALS, description="x")
    with site.application.database.write() as work:
        app = site.application.infor.apps.create_app(
            Access(work, site.tenant, Actor.operator()), draft
        )
    secret = secret_of(site, app)
    if client == "authlib":
        session = AuthlibSession(app.client_id, secret)
        token = session.fetch_token(server["token_endpoint"], grant_type="client_credentials")
        about = session.introspect_token(
            server["introspection_endpoint"], token["access_token"], "access_token"
        ).json()
    else:
        machine = OAuth2Session(client=BackendApplicationClient(app.client_id))
        token = machine.fetch_token(server["token_endpoint"], client_secret=secret)
        about = requests.post(
            server["introspection_endpoint"],
            {"token": token["access_token"]},
            auth=(app.client_id, secret),
            timeout=120,
        ).json()
    assert (about["active"], about["client_id"]) == (True, app.client_id)
