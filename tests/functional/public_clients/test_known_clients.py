"""Every known ION API client talks to a whole server: exactly its bytes, over a socket."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPResponse
from string import Template
from urllib.parse import quote_plus, urlsplit

import httpx2
import pytest

from ionport.identity.access import Access
from ionport.identity.model import Actor, PasswordProof
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType, AuthorizedApp
from tests.support.known_clients import CLIENTS, Client, Expected
from tests.support.known_clients.wire import PHONE
from tests.support.people import Person, add_people_app, authorization_path, said, secret_of
from tests.support.whole import Site, site_on

FIVE_SECONDS = 5.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("application"), "") as site:
        yield site


@pytest.fixture(scope="module")
def anna(site: Site) -> str:
    return site.add_user("anna")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back over the socket."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Talk:
    """A client's conversation with the server, and the values that it has got so far."""

    site: Site
    client: Client
    values: dict[str, str] = field(default_factory=dict)

    def prepare(self, user_id: str) -> None:
        """Make the client's app and download its file; its service account acts for the user."""
        infor = self.site.application.infor
        assert infor is not None
        draft = AppDraft(
            self.client.name, description="Test", issue_refresh_tokens=True, **self.client.app
        )
        proof = PasswordProof.operator(self.site.application.clock.now())
        with self.site.application.database.write() as work:
            app = infor.apps.create_app(Access(work, self.site.tenant, Actor.operator()), draft)
            file = infor.service_accounts.download_credentials(
                Access(work, self.site.tenant, Actor.operator()), app.id, proof,
                create_service_account=self.client.has_account,
                user_id=user_id if self.client.has_account else None
            )  # fmt: skip
        content = json.loads(file.content)
        pu = urlsplit(content["pu"])
        self.values = {
            **{name: value for name, value in content.items() if isinstance(value, str)},
            "host": pu.netloc,
            "pu": pu.path,
            "ti_lower": content["ti"].lower(),
            "ci_7e": content["ci"].replace("~", "%7E"),
            "saak": quote_plus(content.get("saak", "")),
            "saak_raw": content.get("saak", ""),
            "basic": base64.b64encode(f"{content['ci']}:{content['cs']}".encode()).decode(),
        }

    def approve(self) -> None:
        """Let a person approve the client's authorization request, whose query goes as it is."""
        query = self._filled(self.client.authorization)
        with httpx2.Client(base_url=f"http://{self.values['host']}", timeout=120) as http:
            path = f"{self.values['pu']}{self.values['oa']}"
            location = Person(http).allow(f"{path}?{query}", "anna")
        answer = said(location)
        assert answer.get("state", "") in query
        assert ("state" in answer) is ("&state=" in query)
        assert location.startswith(tuple(self.client.app["redirect_urls"]))
        if "access_token" in answer:
            assert (answer["token_type"], answer["expires_in"]) == ("Bearer", "7200")
        self.values |= answer

    def send(self, message: str) -> Reply:
        head, _blank, body = message.partition("\n\n")
        body = self._filled(body)
        self.values["length"] = str(len(body))
        sent = f"{self._filled(head)}\n\n".replace("\n", "\r\n") + body
        host, _colon, port = self.values["host"].partition(":")
        with socket.create_connection((host, int(port)), timeout=FIVE_SECONDS) as connection:
            connection.sendall(sent.encode("ascii"))
            response = HTTPResponse(connection, method=sent.partition(" ")[0])
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, headers, response.read())

    def _filled(self, text: str) -> str:
        return Template(text).substitute(self.values)

    def exchange(self, message: str, expected: Expected) -> None:
        """Send a request and hold its answer to what the client expects."""
        reply = self.send(message)
        assert reply.status == expected.status, reply.body
        if expected.error:
            said = json.loads(reply.body)
            assert expected.error in (said.get("error"), said.get("code"))
        if expected.status == 401:
            assert reply.headers["www-authenticate"]
        if expected.is_empty:
            assert reply.body == b"{}"
        if expected.has_tokens:
            self._take_tokens(reply, is_refresh="grant_type=refresh_token" in message)

    def _take_tokens(self, reply: Reply, *, is_refresh: bool) -> None:
        said = json.loads(reply.body)
        # `scope` stands at the end where the client asked for scopes (RFC 6749 section 5.1).
        names = ["access_token", "token_type", "expires_in", "refresh_token"]
        assert list(said) == names + ["scope"] * ("scope" in said)
        assert (said["token_type"], said["expires_in"]) == ("Bearer", 7200)
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["cache-control"] == "no-store"
        assert said["access_token"] != self.values.get("access_token")
        if is_refresh:
            assert said["refresh_token"] == self.values["refresh_token"]
        self.values |= {name: said[name] for name in ("access_token", "refresh_token")}
        self.values.setdefault("first_refresh_token", said["refresh_token"])


@pytest.fixture(scope="module")
def implicit(site: Site) -> None:
    """What the odin command needs is off unless somebody allows it."""
    path = f"/ion-api/{site.tenant.tenant_id}/configuration"
    fields = {
        "scope_mode": "Disabled", "implicit_allowed": "on", "url_flavour": "cloud",
        "token_form": "infor", "refusal_form": "explained",
        "logins_per_minute": "20", "logins_per_day": "1000",
        "tokens_per_client_per_day": "100", "confirmed": "on",
    }  # fmt: skip
    answer = site.browser.send(path, fields)
    assert answer.status_code == 200, answer.text


@pytest.mark.usefixtures("implicit")
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_known_client_is_answered_as_it_expects(site: Site, anna: str, client: Client) -> None:
    talk = Talk(site, client)
    talk.prepare(anna)
    if client.authorization:
        talk.approve()
    for message, expected in client.exchanges:
        talk.exchange(message, expected)


def test_the_mobile_sdk_without_a_secret_is_told_what_it_lacks(site: Site) -> None:
    """It sends no PKCE, which a public app needs: the error leads back to the app."""
    known = next(one for one in CLIENTS if one.name == "infor-mobile-sdk")
    app = add_people_app(site, type=AppType.MOBILE_ANDROID, redirect_urls=(PHONE,))
    values = {"ci": app.client_id, "ti": site.tenant.tenant_id}
    path = f"/{site.tenant.tenant_id}/as/authorization.oauth2"
    query = Template(known.authorization).substitute(values)
    with httpx2.Client(base_url=str(site.browser.http.base_url), timeout=120) as http:
        answer = Person(http).get(f"{path}?{query}")
    back = said(answer.headers["location"])
    assert back["error"] == "invalid_request"
    assert "PKCE" in back["error_description"]


def test_a_registered_page_calls_the_api_with_its_own_apps_token(site: Site) -> None:
    """Its browser asks first; a token of another app does not open the answer to it."""
    page = "https://app.example.com"
    portal = add_people_app(site, "Origins", javascript_origins=(page,))
    other = add_people_app(site, "No origins", redirect_urls=("https://app.example.com/2",))
    http = site.browser.http
    url = f"/{site.tenant.tenant_id}/Mingle/SocialService.Svc/User/Detail"
    asked = http.options(url, headers={"Origin": page, "Access-Control-Request-Method": "GET"})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, page)
    stranger = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    assert http.options(url, headers=stranger).status_code == 403
    for app, is_open in ((portal, True), (other, False)):
        token = _code_token(site, app)
        answer = http.get(url, headers={"Origin": page, "Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert ("access-control-allow-origin" in answer.headers) is is_open


def _code_token(site: Site, app: AuthorizedApp) -> str:
    with httpx2.Client(base_url=str(site.browser.http.base_url), timeout=120) as http:
        code = said(Person(http).allow(authorization_path(site, app), "ada"))["code"]
        answer = http.post(
            f"/{site.tenant.tenant_id}/as/token.oauth2",
            data={
                "grant_type": "authorization_code", "code": code,
                "redirect_uri": app.redirect_urls[0],
            },
            auth=(app.client_id, secret_of(site, app)),
        )  # fmt: skip
    token: str = answer.raise_for_status().json()["access_token"]
    return token
