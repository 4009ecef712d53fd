from __future__ import annotations

import pytest

from ionport.oauth.apps.redirects import (
    form_target,
    is_registered,
    with_parameters,
    wrong_origin,
    wrong_redirect_url,
)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com/callback",
        "https://www.postman.com/oauth2/callback",
        "https://media.infor.com/IDM/",
        "http://127.0.0.1/callback",
        "http://[::1]:8080/callback?a=1",
        "http://localhost:3000/",
        "oob://localhost/wpfclient",
        "com.example.app:/oauth",
    ],
)
def test_urls_of_infors_documents_and_of_the_rfcs_can_be_registered(url: str) -> None:
    assert wrong_redirect_url(url, keeps_secret=False) is None


@pytest.mark.parametrize(
    "url",
    [
        *("", "callback", "/callback", "https://", "https:app.example.com/cb"),
        *("https://a.example.com/cb#x", "https://user:pw@a.example.com/", "https://*.example.com/"),
        *("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "JavaScript:x"),
        *("https://a.example.com;script-src/", "https://a.example.com, b/", "https://a b/"),
        *("https://a.example.com\\@evil.example/", "https://ü.example/", "https://a:99999/"),
        "https://a.example.com/" + "x" * 1000,
    ],
)
def test_urls_that_browsers_repair_or_run_cannot(url: str) -> None:
    assert wrong_redirect_url(url, keeps_secret=True) is not None


def test_plain_http_to_another_machine_is_for_apps_that_keep_a_secret() -> None:
    url = "http://host.example:8080/sunsystems/reporting/ionapi/callback"
    assert wrong_redirect_url(url, keeps_secret=True) is None
    assert wrong_redirect_url(url, keeps_secret=False) is not None


REGISTERED = ("https://app.example.com/callback", "http://127.0.0.1:1/cb?x=1", "oob://localhost/w")


@pytest.mark.parametrize(
    "url",
    [
        *REGISTERED,
        "http://127.0.0.1:49152/cb?x=1",
        "http://127.0.0.1/cb?x=1",
    ],
)
def test_a_registered_url_is_taken_and_a_loopback_one_at_any_port(url: str) -> None:
    assert is_registered(url, REGISTERED)


@pytest.mark.parametrize(
    "url",
    [
        *("https://app.example.com/callback/", "https://app.example.com/Callback"),
        *("https://app.example.com/callback?", "https://app.example.com/callback?x=1"),
        *("http://app.example.com/callback", "https://app.example.com:443/callback"),
        *("https://app.example.com.evil.example/callback", "https://app.example.com/callbac"),
        *("https://app.example.com/../callback", "https://evil@app.example.com/callback"),
        *("http://127.0.0.1:49152/cb", "http://127.0.0.1:49152/cb?x=2", "http://127.0.0.2/cb?x=1"),
        *("http://localhost:1/cb?x=1", "http://[::1]:1/cb?x=1", "https://127.0.0.1:1/cb?x=1"),
        *("http://127.0.0.1:1@evil.example/cb?x=1", "http://127.0.0.1:123456/cb?x=1"),
        *("oob://localhost/w2", "oob://localhost/W", "", "http://127.0.0.1:1/cb?x=1\n"),
    ],
)
def test_a_url_that_differs_by_one_character_is_not_registered(url: str) -> None:
    assert not is_registered(url, REGISTERED)


def test_every_single_change_of_a_registered_url_is_refused() -> None:
    url = REGISTERED[0]
    for index in range(len(url)):
        for letter in "a/A.%2?#@\\ ":
            if url[index] != letter:
                changed = url[:index] + letter + url[index + 1 :]
                assert not is_registered(changed, (url,)), changed
                assert not is_registered(url[:index] + letter + url[index:], (url,))
        assert not is_registered(url[:index] + url[index + 1 :], (url,))


def test_answers_are_added_without_touching_the_apps_own_query() -> None:
    answer = {"code": "a b&c", "state": "ü"}
    tail = "code=a%20b%26c&state=%C3%BC"
    assert with_parameters("https://a/cb", answer, in_fragment=False) == f"https://a/cb?{tail}"
    kept = with_parameters("https://a/cb?x=%2f+", answer, in_fragment=False)
    assert kept == f"https://a/cb?x=%2f+&{tail}"
    assert with_parameters("https://a/cb?x", answer, in_fragment=True) == f"https://a/cb?x#{tail}"
    assert with_parameters("oob://localhost/w", answer, in_fragment=False).startswith("oob://loc")


def test_a_form_may_lead_to_the_origin_or_the_scheme_alone() -> None:
    assert form_target("https://app.example.com:8443/cb?x=1") == "https://app.example.com:8443"
    assert form_target("com.example.app:/cb") == "com.example.app:"
    assert form_target("oob://localhost/wpfclient") == "oob:"


def test_javascript_origins_are_origins_or_a_star() -> None:
    for good in ("*", "https://app.example.com", "http://localhost:3000"):
        assert wrong_origin(good) is None
    for bad in ("", "https://app.example.com/", "app.example.com", "null", "https://*"):
        assert wrong_origin(bad) is not None
