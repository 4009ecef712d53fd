"""Sessions as people see and end them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from ionport.web.rendering.devices import device_name
from tests.support.web import Browser, said
from tests.support.whole import Desk

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36"
)


@contextmanager
def another_browser(desk: Desk, user: str, agent: str) -> Iterator[Browser]:
    client = desk.browser.http
    assert isinstance(client, TestClient)
    with Browser(str(client.base_url), client.app).opened() as other:
        other.http.headers["user-agent"] = agent
        other.sign_in(user)
        yield other


def test_a_session_is_listed_by_device_and_ended(desk: Desk) -> None:
    with another_browser(desk, "ada", FIREFOX) as other:
        page = desk.browser.get("/account")
        assert "Firefox on Linux" in said(page.text)
        assert "this browser" in said(page.text)
        found = re.search(r'action="(/account/sessions/\w+/end)"', page.text)
        assert found is not None
        ended = desk.browser.send(found[1], form_at="/account")
        assert "The session has ended" in said(ended.text)
        assert other.get("/account").url.path == "/sign-in"
    again = desk.browser.send(found[1], form_at="/account")
    assert again.status_code == 404
    assert desk.browser.get("/account").url.path == "/account"


def test_all_other_sessions_end_at_once_and_this_one_stays(desk: Desk) -> None:
    with (
        another_browser(desk, "ada", FIREFOX) as first,
        another_browser(desk, "ada", CHROME) as second,
    ):
        answer = desk.browser.send("/account/sessions/end-others", form_at="/account")
        assert "2 other sessions have ended" in said(answer.text)
        assert {first.get("/account").url.path, second.get("/account").url.path} == {"/sign-in"}
    assert desk.browser.get("/account").url.path == "/account"


def test_nobody_ends_the_session_of_another_person_by_its_id(desk: Desk) -> None:
    desk.add_user("eve")
    with another_browser(desk, "eve", FIREFOX) as eve:
        with desk.application.database.read() as work:
            user = desk.application.identity.find_user(work, "eve")
            assert user is not None
            (session,) = desk.application.sessions.list_sessions(work, user.id)
        path = f"/account/sessions/{session.digest}/end"
        assert desk.browser.send(path, form_at="/account").status_code == 404
        assert eve.get("/account").url.path == "/account"


def test_an_administrator_signs_a_person_out_everywhere(desk: Desk) -> None:
    path = f"/ion-api/{desk.tenant.tenant_id}/users/{desk.add_user('bob', organization_role=None)}"
    with another_browser(desk, "bob", CHROME) as bob:
        assert "Last sign-in" in desk.browser.text(path)
        assert "Sign bob out everywhere?" in desk.browser.text(f"{path}/sessions/end")
        answer = desk.browser.send(f"{path}/sessions/end")
        assert "1 session has ended" in said(answer.text)
        assert "Sessions ended" in said(answer.text)
        assert bob.get("/account").url.path == "/sign-in"


def test_the_list_of_users_is_sorted_by_last_sign_in(desk: Desk) -> None:
    desk.add_user("bob")
    path = f"/ion-api/{desk.tenant.tenant_id}/users?sort=last_sign_in&dir="
    orders = [
        re.findall(r'class="row-title"[^>]*>(\w+)<', desk.browser.get(path + direction).text)
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
