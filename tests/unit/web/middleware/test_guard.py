from __future__ import annotations

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from ionport.core.clock import MovableClock
from ionport.identity.attempts import ATTEMPTS
from ionport.web.app import create_web_app
from ionport.web.middleware import guard
from ionport.web.middleware.guard import MAX_PUBLIC_BODY
from ionport.web.services import Sides
from tests.support.web import PASSWORD, Browser, People

FIELDS = {"username": "ada", "password": PASSWORD.reveal()}


@pytest.mark.parametrize("path", ["/", "/account", "/nowhere", "/settings", "/a/b/c"])
def test_every_path_is_private_unless_named(browser: Browser, path: str) -> None:
    answer = browser.http.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


def test_signing_in_leads_back_to_the_page_that_was_asked_for(
    people: People, browser: Browser
) -> None:
    people.add("ada")
    form = browser.get("/account?from=link")
    token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
    wanted = re.search(r'name="next" value="([^"]+)"', form.text)
    assert token is not None
    assert wanted is not None
    answer = browser.http.post(
        "/sign-in", data={**FIELDS, "csrf_token": token[1], "next": wanted[1]}
    )
    assert answer.url.path == "/account"
    assert answer.url.query == b"from=link"


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x"]
)
def test_signing_in_never_leads_to_another_site(
    people: People, browser: Browser, target: str
) -> None:
    people.add("ada")
    token = browser.csrf_token("/sign-in")
    answer = browser.http.post(
        "/sign-in", data={**FIELDS, "csrf_token": token, "next": target}, follow_redirects=False
    )
    assert answer.headers["location"] == "/"


def test_a_form_without_the_sessions_token_is_refused(people: People, browser: Browser) -> None:
    people.add("ada")
    browser.sign_in("ada")
    for data in ({}, {"csrf_token": ""}, {"csrf_token": "0" * 64}):
        answer = browser.http.post("/sign-out", data=data)
        assert answer.status_code == 403
    assert browser.get("/account").status_code == 200


def test_the_token_of_another_session_is_refused(people: People, browser: Browser) -> None:
    people.add("ada")
    browser.sign_in("ada")
    before = browser.csrf_token("/account")
    browser.send("/sign-out", form_at="/account")
    browser.sign_in("ada")
    assert browser.csrf_token("/account") != before
    assert browser.http.post("/sign-out", data={"csrf_token": before}).status_code == 403


def test_the_sign_in_form_itself_is_protected(people: People, browser: Browser) -> None:
    people.add("ada")
    assert browser.http.post("/sign-in", data=FIELDS).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://[::1"},
    ],
)
def test_a_request_from_another_site_is_refused_even_with_the_token(
    people: People, browser: Browser, headers: dict[str, str]
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    answer = browser.send("/sign-out", form_at="/account", headers=headers)
    assert answer.status_code == 403
    assert browser.get("/account").status_code == 200


def test_a_request_from_our_own_page_is_accepted(people: People, browser: Browser) -> None:
    people.add("ada")
    browser.sign_in("ada")
    origin = str(browser.http.base_url).rstrip("/")
    headers = {"sec-fetch-site": "same-origin", "origin": origin}
    answer = browser.send("/sign-out", form_at="/account", headers=headers)
    assert answer.url.path == "/sign-in"
    assert "You are signed out." in answer.text


def test_the_session_cookie_is_out_of_scripts_reach_and_new_at_every_sign_in(
    people: People, browser: Browser
) -> None:
    people.add("ada")
    seen = set()
    for _ in range(2):
        token = browser.csrf_token("/sign-in")
        answer = browser.http.post(
            "/sign-in", data={**FIELDS, "csrf_token": token}, follow_redirects=False
        )
        cookie = next(c for c in answer.headers.get_list("set-cookie") if "_session" in c)
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        seen.add(cookie.split(";")[0])
        browser.send("/sign-out", form_at="/account")
    assert len(seen) == 2


def test_over_https_cookies_are_secure_and_bound_to_the_host(people: People) -> None:
    app = create_web_app(
        people.services(), Sides(), allowed_hosts=["ionport.example"], secure_cookies=True
    )
    with TestClient(app, base_url="https://ionport.example") as client:
        cookie = client.get("/sign-in").headers["set-cookie"]
    assert cookie.startswith("__Host-ionport_visitor=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_an_expired_session_asks_for_the_password_again(
    people: People, browser: Browser, clock: MovableClock
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    clock.advance(timedelta(hours=12))
    assert browser.get("/account").url.path == "/sign-in"


def test_a_session_in_use_stays_alive(
    people: People, browser: Browser, clock: MovableClock
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    for _ in range(3):
        clock.advance(timedelta(hours=11))
        assert browser.get("/account").url.path == "/account"


def test_a_fragment_of_a_signed_out_page_sends_the_whole_page_to_sign_in(browser: Browser) -> None:
    answer = browser.http.get("/account", headers={"hx-request": "true"}, follow_redirects=False)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in"


def test_a_form_in_a_charset_that_nothing_reads_is_refused(browser: Browser) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b; charset=undefined"}
    content = b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\na\r\n--b--\r\n'
    assert browser.http.post("/sign-in", headers=headers, content=content).status_code == 422


def test_a_visitor_cannot_send_much(browser: Browser) -> None:
    token = browser.csrf_token("/sign-in")
    data = {"csrf_token": token, "username": "a" * MAX_PUBLIC_BODY}
    assert browser.http.post("/sign-in", data=data).status_code == 413


@pytest.mark.parametrize("is_length_told", [True, False])
def test_a_user_cannot_send_without_end(
    people: People, browser: Browser, monkeypatch: pytest.MonkeyPatch, is_length_told: bool
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    monkeypatch.setattr(guard, "MEGABYTE", 3_000)
    pieces = [b"a" * 50_000] * 5
    content = b"".join(pieces) if is_length_told else iter(pieces)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = browser.http.post("/account", headers=headers, content=content)
    assert answer.status_code == 413
    assert "0 MB" not in answer.text


@pytest.mark.on_each_database
@pytest.mark.parametrize("path", ["/account?q=%00", "/ac%00count"])
def test_a_nul_in_the_address_is_refused_before_any_database_sees_it(
    people: People, browser: Browser, path: str
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    assert browser.get(path).status_code == 422


@pytest.mark.on_each_database
def test_a_nul_in_a_form_is_refused(people: People, browser: Browser) -> None:
    people.add("ada")
    answer = browser.send("/sign-in", {"username": "ada\x00", "password": "x"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"\xff\xfe", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"csrf_token=%FF%00&%ED%A0%80=1", "application/x-www-form-urlencoded"),
        (b"csrf_token=\xff&a;b&=&&", "application/x-www-form-urlencoded"),
        (b"a=1&" * 1000, "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_is_refused_and_never_an_internal_error(
    people: People, browser: Browser, content: bytes, kind: str
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    answer = browser.http.post("/account", content=content, headers={"content-type": kind})
    assert 400 <= answer.status_code < 500


def test_the_lock_after_many_wrong_passwords_says_when_to_try_again(
    people: People, browser: Browser
) -> None:
    people.add("ada")
    wrong = {"username": "ada", "password": "wrong"}
    for _ in range(ATTEMPTS):
        assert browser.send("/sign-in", wrong).status_code == 401
    answer = browser.send("/sign-in", FIELDS)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 15 * 60


def test_a_browser_that_signed_in_before_is_not_stopped_by_guesses_from_its_own_address(
    people: People, browser: Browser
) -> None:
    people.add("ada")
    token = browser.csrf_token("/sign-in")
    answer = browser.http.post(
        "/sign-in", data={**FIELDS, "csrf_token": token}, follow_redirects=False
    )
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "_known" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=15552000" in cookie
    browser.send("/sign-out", form_at="/account")
    with Browser(str(browser.http.base_url)).opened() as stranger:
        for _ in range(ATTEMPTS):
            stranger.send("/sign-in", {"username": "ada", "password": "wrong"})
        assert stranger.sign_in("ada").status_code == 429
    assert browser.sign_in("ada").status_code == 200


@pytest.mark.parametrize("name", ["username", "\\ud800"])
def test_half_a_surrogate_pair_in_a_form_is_refused(
    people: People, browser: Browser, name: str
) -> None:
    token = browser.csrf_token("/sign-in")
    fields = {"csrf_token": token, name: "\\ud800"}
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    headers = {"content-type": "multipart/form-data; boundary=x; charset=unicode_escape"}
    answer = browser.http.post("/sign-in", content="".join([*parts, "--x--\r\n"]), headers=headers)
    assert answer.status_code == 422
