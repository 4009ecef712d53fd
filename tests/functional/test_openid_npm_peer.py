"""People sign in by node oidc-provider, a provider that others wrote, with its own pages."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from ionport.identity.model import Actor
from ionport.identity.service import NewUser
from tests.functional.conftest import NO_PROVIDER, node_with_provider
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, settings_for
from tests.support.web import PASSWORD, said
from tests.support.whole import Site, site_on

SCRIPT = Path(__file__).parents[1] / "peers" / "oidc_provider.mjs"
PATIENCE_SECONDS = 60


class Peer:
    """A running provider: it says its issuer first, and serves when it is told its client."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._told, self._said = process.stdin, process.stdout
        self.issuer: str = json.loads(self._said.readline())["issuer"]

    def serve(self, settings: Mapping[str, str]) -> None:
        self._told.write(json.dumps(settings) + "\n")
        self._told.flush()
        assert json.loads(self._said.readline())["ready"]


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    found = node_with_provider()
    if found is None:
        pytest.skip(NO_PROVIDER)
    node, modules = found
    folder = tmp_path / "peer"
    folder.mkdir()
    # Node looks for packages beside the script's own place.
    (folder / "node_modules").symlink_to(modules)
    script = shutil.copy(SCRIPT, folder)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [node, "--preserve-symlinks", script],
        cwd=folder, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            yield Peer(process)
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def through_its_pages(url: str, login: str) -> str:
    """What a person does at the provider: sign in, allow; returns the way back to ionport."""
    with httpx2.Client(timeout=PATIENCE_SECONDS) as http:
        answer = http.get(url)
        for _page in range(10):
            location = answer.headers.get("location")
            if location is not None:
                if "/sign-in/openid/return" in location:
                    return location
                answer = http.get(answer.url.join(location))
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
            assert action is not None, answer.text
            fields = {name: html.unescape(value) for name, value in hidden}
            fields |= {"login": login, "password": "any"}
            answer = http.post(answer.url.join(html.unescape(action[1])), data=fields)
    raise AssertionError("the provider leads nowhere")


def start(site: Site) -> str:
    """Press the button on the sign-in page; returns where it leads."""
    return site.browser.http.get("/sign-in/openid?next=/account", follow_redirects=False).headers[
        "location"
    ]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_person_signs_in_and_one_without_an_account_does_not(
    peer: Peer, tmp_path: Path, method: str
) -> None:
    with site_on(tmp_path / "data", "", **settings_for(peer.issuer)) as site:
        origin = site.application.settings.origin
        peer.serve(
            {
                "clientId": CLIENT_ID,
                "clientSecret": CLIENT_SECRET,
                "method": method,
                "redirectUri": f"{origin}/sign-in/openid/return",
            }
        )
        identity = site.application.identity
        password_hash = identity.hash_password(PASSWORD)
        with site.application.database.write() as work:
            new = NewUser("anna", email="anna@example.com")
            identity.create_user(work, Actor.operator(), new, password_hash)
        site.browser.http.cookies.clear()
        answer = site.browser.get(through_its_pages(start(site), "anna"))
        assert answer.url.path == "/account"
        assert "anna" in said(answer.text)
        out = site.browser.send("/sign-out", form_at="/account")
        leave = re.search(r'content="0;url=([^"]+)"', out.text)
        assert leave is not None, out.text
        question = httpx2.get(html.unescape(leave[1]), timeout=PATIENCE_SECONDS)
        assert question.status_code == 200, question.text
        assert "/session/end/confirm" in question.text
        for login in ("nobody", "unverified"):
            site.browser.http.cookies.clear()
            answer = site.browser.get(through_its_pages(start(site), login))
            assert answer.status_code == 401
            assert "there is no account for you here" in said(answer.text)
