"""What stands in front of every app: the client's address where a proxy stands between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from ionport.asgi import ClientAddresses
from ionport.core.clock import MovableClock
from ionport.core.http.proxies import TrustedProxies
from ionport.identity.attempts import ATTEMPTS
from ionport.web.app import create_web_app
from ionport.web.services import Sides
from tests.support import databases
from tests.support.server import serve
from tests.support.web import PASSWORD, Browser, People


@pytest.fixture
def people(tmp_path: Path, clock: MovableClock) -> Iterator[People]:
    database = databases.with_schema("sqlite", tmp_path)
    yield People.on(database, clock)
    database.close()


@contextmanager
def _behind_a_proxy(people: People, trusted: str) -> Iterator[str]:
    """Serve the pages; whoever connects is the proxy at 127.0.0.1."""
    pages = create_web_app(
        people.services(), Sides(), allowed_hosts=["127.0.0.1"], secure_cookies=False
    )
    with serve(ClientAddresses(pages, TrustedProxies.parse(trusted))) as base_url:
        yield base_url


def _sign_in(base_url: str, username: str, password: str, client: str) -> int:
    with Browser(base_url).opened() as browser:
        browser.http.headers["x-forwarded-for"] = client
        fields = {"username": username, "password": password}
        return browser.send("/sign-in", fields).status_code


def test_thirty_guesses_of_a_stranger_behind_a_proxy_stop_nobodys_right_password(
    people: People,
) -> None:
    people.add("ada")
    people.add("bob")
    with _behind_a_proxy(people, "127.0.0.1") as url:
        statuses = [_sign_in(url, "ada", "wrong", "203.0.113.66") for _ in range(30)]
        assert statuses == [401] * ATTEMPTS + [429] * (30 - ATTEMPTS)
        assert _sign_in(url, "ada", PASSWORD.reveal(), "203.0.113.7") == 200
        assert _sign_in(url, "bob", PASSWORD.reveal(), "203.0.113.66") == 200
    with people.database.read() as work:
        found = work.connection.execute(text("SELECT address FROM sessions")).scalars().all()
    assert set(found) == {"203.0.113.7", "203.0.113.66"}


def test_nobody_chooses_an_address_past_a_proxy_that_is_not_named(people: People) -> None:
    people.add("ada")
    with _behind_a_proxy(people, "10.0.0.1") as url:
        statuses = [
            _sign_in(url, "ada", "wrong", f"203.0.113.{number}") for number in range(ATTEMPTS + 1)
        ]
        assert statuses[-1] == 429


@pytest.mark.parametrize("claimed", ["http", "https"])
def test_a_forwarded_scheme_changes_neither_addresses_nor_cookies(
    people: People, claimed: str
) -> None:
    people.add("ada")
    pages = create_web_app(
        people.services(), Sides(), allowed_hosts=["ionport.example"], secure_cookies=True
    )
    app = ClientAddresses(pages, TrustedProxies.parse("10.0.0.2"))
    headers = {
        "accept": "text/html",
        "x-forwarded-proto": claimed,
        "x-forwarded-host": "evil.example",
    }
    # The proxy's own connection has no TLS.
    with TestClient(
        app, "http://ionport.example", client=("10.0.0.2", 1), headers=headers
    ) as client:
        answer = client.get("/set-up/x/", follow_redirects=False)
        assert answer.headers["location"].startswith("https://ionport.example/")
        answer = client.get("/sign-in")
        assert "__Host-ionport_visitor" in answer.headers["set-cookie"]
        assert "Secure" in answer.headers["set-cookie"]
