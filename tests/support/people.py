"""People, their browsers, and apps that they sign on to: for tests of the authorization pages."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from ionport.identity.access import Access
from ionport.identity.model import Actor, PasswordProof
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType, AuthorizedApp
from tests.support.web import PASSWORD
from tests.support.whole import Site

CALLBACK = "https://app.example.com/callback"


def add_people_app(site: Site, name: str = "Portal", **fields: Any) -> AuthorizedApp:
    """Make an app that people sign on to; of type Web unless `type` says otherwise."""
    fields = {"type": AppType.WEB, "redirect_urls": (CALLBACK,), **fields}
    assert site.application.infor is not None
    draft = AppDraft(name=name, issue_refresh_tokens=True, **fields)
    with site.application.database.write() as work:
        return site.application.infor.apps.create_app(
            Access(work, site.tenant, Actor.operator()), draft
        )


def secret_of(site: Site, app: AuthorizedApp) -> str:
    assert site.application.infor is not None
    proof = PasswordProof.operator(site.application.clock.now())
    with site.application.database.write() as work:
        return site.application.infor.apps.reveal_secret(
            Access(work, site.tenant, Actor.operator()), app.id, proof
        ).reveal()


def authorization_path(site: Site, app: AuthorizedApp, **changes: str) -> str:
    """The path of a code request of the app; an empty value leaves a parameter out."""
    parameters = {
        "client_id": app.client_id, "response_type": "code",
        "redirect_uri": app.redirect_urls[0], "state": "s 1&x", **changes,
    }  # fmt: skip
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"/{site.tenant.tenant_id}/as/authorization.oauth2?{query}"


class Person:
    """Somebody's browser, signed in nowhere; follows no redirect by itself."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http

    def get(self, path: str) -> httpx2.Response:
        return self.http.get(path, follow_redirects=False)

    def send(
        self, page: httpx2.Response, path_end: str, headers: Mapping[str, str] | None = None,
        **changes: str,
    ) -> httpx2.Response:  # fmt: skip
        """Send the form of `page` whose address ends with `path_end`."""
        form = next(
            found
            for found in re.findall(
                r'<form method="post" action="[^"]+"[^>]*>.*?</form>', page.text, re.S
            )
            if f'{path_end}"' in found.partition(">")[0]
        )
        action = re.findall(r'action="([^"]+)"', form)[0]
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
        fields = {name: html.unescape(value) for name, value in hidden} | changes
        return self.http.post(
            html.unescape(action), data=fields, headers=dict(headers or {}), follow_redirects=False
        )

    def sign_on(self, path: str, username: str, password: str = "") -> httpx2.Response:
        """Sign on at the page of an authorization request; returns what comes after it."""
        page = self.get(path)
        answer = self.send(
            page, "/sign-on", username=username, password=password or PASSWORD.reveal()
        )
        return self.get(answer.headers["location"]) if answer.status_code == 303 else answer

    def allow(self, path: str, username: str) -> str:
        """Sign on, allow, and return the address that leads back to the app."""
        answer = self.send(self.sign_on(path, username), "/decision", decision="allow")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


def said(location: str) -> dict[str, str]:
    """The parameters of an address that led back to an app, in query or fragment."""
    parts = urlsplit(location)
    values = parse_qs(parts.query or parts.fragment)
    return {name: value[0] for name, value in values.items()}
