"""Sessions as people see and end them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from ionport.web.rendering.devices import device_name
from tests.support.web import Browser, said
from tests.support.whole import Site

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36"
)


@contextmanager
def another_browser(site: Site, user: str, agent: str) -> Iterator[Browser]:
    client = site.browser.http
    assert isinstance(client, TestClient)
    with Browser(str(client.base_url), client.app).opened() as other:
        other.http.headers["user-agent"] = agent
        other.sign_in(user)
        yield other


def test_a_session_is_listed_by_device_and_ended(site: Site) -> None:
    with another_browser(site, "ada", FIREFOX) as other:
        page = site.browser.get("/account")
        assert "Firefox on Linux" in said(page.text)
        assert "this browser" in said(page.text)
        found = re.search(r'action="(/account/sessions/\w+/end)"', page.text)
        assert found is not None
        ended = site.browser.send(found[1], form_at="/account")
        assert "The session has ended" in said(ended.text)
        assert other.get("/account").url.path == "/sign-in"
    again = site.browser.send(found[1], form_at="/account")
    assert again.status_code == 404
    assert site.browser.get("/account").url.path == "/account"


def test_all_other_sessions_end_at_once_and_this_one_stays(site: Site) -> None:
    with (
        another_browser(site, "ada", FIREFOX) as first,
        another_browser(site, "ada", CHROME) as second,
    ):
        answer = site.browser.send("/account/sessions/end-others", form_at="/account")
        assert "2 other sessions have ended" in said(answer.text)
        assert {first.get("/account").url.path, second.get("/account").url.path} == {"/sign-in"}
    assert site.browser.get("/account").url.path == "/account"


def test_nobody_ends_the_session_of_another_person_by_its_id(site: Site) -> None:
    site.add_user("eve")
    with another_browser(site, "eve", FIREFOX) as eve:
        with site.application.database.read() as work:
            user = site.application.identity.find_user(work, "eve")
            assert user is not None
            (session,) = site.application.sessions.list_sessions(work, user.id)
        path = f"/account/sessions/{session.digest}/end"
        assert site.browser.send(path, form_at="/account").status_code == 404
        assert eve.get("/account").url.path == "/account"


def test_an_administrator_signs_a_person_out_everywhere(site: Site) -> None:
    path = f"/ion-api/{site.tenant.tenant_id}/users/{site.add_user('bob', organization_role=None)}"
    with another_browser(site, "bob", CHROME) as bob:
        assert "Last sign-in" in site.browser.text(path)
        assert "Sign bob out everywhere?" in site.browser.text(f"{path}/sessions/end")
        answer = site.browser.send(f"{path}/sessions/end")
        assert "1 session has ended" in said(answer.text)
        assert "Sessions ended" in said(answer.text)
        assert bob.get("/account").url.path == "/sign-in"


def test_the_list_of_users_is_sorted_by_last_sign_in(site: Site) -> None:
    site.add_user("bob")
    path = f"/ion-api/{site.tenant.tenant_id}/users?sort=last_sign_in&dir="
    orders = [
        re.findall(r'class="row-title"[^>]*>(\w+)<', site.browser.get(path + direction).text)
        for direction in ("asc", "desc")
    ]
    assert orders == [["bob", "ada"], ["ada", "bob"]]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome on Windows"),
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18 Safari/605",
            "Safari on macOS",
        ),
        ("curl/8.5", "curl"),
        ("", "Unknown browser"),
        ("<script>", "Unknown browser"),
    ],
)
def test_a_browser_is_named_as_its_owner_knows_it(agent: str, name: str) -> None:
    assert device_name(agent) == name
