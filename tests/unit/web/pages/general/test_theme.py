"""Light and dark: chosen in the head of each page, without JavaScript, and kept."""

from __future__ import annotations

import re

import pytest

from tests.support.web import Browser, People


@pytest.fixture
def ada(people: People, browser: Browser) -> Browser:
    people.add("ada")
    browser.sign_in("ada")
    return browser


def _theme(page: str) -> str:
    found = re.search(r'<html lang="en"(?: data-theme="(\w+)")?>', page)
    assert found is not None
    return found[1] or ""


def test_a_choice_is_kept_and_leads_back(ada: Browser) -> None:
    assert _theme(ada.get("/manual/words").text) == ""
    for theme, pressed in (("dark", "dark"), ("light", "light"), ("", "")):
        answer = ada.send("/theme", {"theme": theme, "back": "/manual/words"}, form_at="/account")
        assert answer.url.path == "/manual/words"
        assert _theme(answer.text) == pressed
        assert _theme(ada.get("/account").text) == pressed
        meta = f'<meta name="color-scheme" content="{theme or "light dark"}">'
        assert meta in answer.text


def test_the_choice_in_force_is_marked(ada: Browser) -> None:
    page = ada.send("/theme", {"theme": "dark", "back": "/account"}, form_at="/account").text
    assert re.search(r'value="dark" aria-current="true">Dark', page)
    assert page.count('name="theme"') == 3


@pytest.mark.parametrize("theme", ["blue", "dark; path=/x", "\u2028", "x" * 5_000])
def test_what_is_no_theme_follows_the_system(ada: Browser, theme: str) -> None:
    answer = ada.send("/theme", {"theme": theme, "back": "/account"}, form_at="/account")
    assert answer.status_code == 200
    assert _theme(answer.text) == ""


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "http://[",
        "//[",
        "",
        "/\r\nX: y",
        "/ü",
    ],
)
def test_the_way_back_stays_on_this_server(ada: Browser, back: str) -> None:
    fields = {"theme": "dark", "back": back, "csrf_token": ada.csrf_token("/account")}
    answer = ada.http.post("/theme", data=fields, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


def test_a_cookie_that_somebody_made_up_changes_nothing(ada: Browser) -> None:
    port = ada.http.base_url.port
    ada.http.cookies.set(f"ionport_theme_{port}", '"><script>', domain="127.0.0.1")
    page = ada.get("/account").text
    assert _theme(page) == ""
    assert "<script>" not in page
