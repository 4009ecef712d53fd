from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, TooManyRequests
from ionport.web.app import create_web_app
from ionport.web.middleware import cookies
from ionport.web.middleware.frame import CONTENT_SECURITY_POLICY
from ionport.web.services import Sides
from tests.support.server import serve
from tests.support.web import Browser, People

SECRET = "the-password-of-the-database"


def _explode(_request: Request) -> Response:
    raise RuntimeError(SECRET)


def _refuse(_request: Request) -> Response:
    raise InvalidInput("Write <b>less</b>.", detail=SECRET)


def _away(_request: Request) -> Response:
    raise OperationalError("SELECT 1", {}, Exception(SECRET))


def _wait(_request: Request) -> Response:
    raise TooManyRequests("Wait.", retry_after=7)


@pytest.fixture
def failing(people: People) -> Iterator[Browser]:
    """A browser, signed in, on pages of which some fail."""
    app: Starlette = create_web_app(
        people.services(), Sides(), allowed_hosts=["127.0.0.1"], secure_cookies=False
    )
    app.router.routes += [
        Route("/explode", _explode),
        Route("/refuse", _refuse),
        Route("/wait", _wait),
        Route("/away", _away),
        Route("/own", lambda _r: PlainTextResponse("x", headers={"cache-control": "max-age=5"})),
    ]
    people.add("ada")
    with serve(app) as base_url:
        browser = Browser(base_url)
        with browser.http:
            browser.sign_in("ada")
            yield browser


def test_an_unexpected_error_shows_its_number_and_nothing_else(
    failing: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = failing.get("/explode")
    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["x-request-id"] in caplog.text


def test_a_database_that_is_away_is_told_and_asks_to_come_back(
    failing: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    answer = failing.get("/away")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "The database does not answer at present." in answer.text
    assert (SECRET in answer.text, SECRET in caplog.text) == (False, True)


def test_an_error_page_shows_the_public_text_escaped_and_keeps_the_detail_for_the_log(
    failing: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = failing.get("/refuse")
    assert answer.status_code == 422
    assert "Write &lt;b&gt;less&lt;/b&gt;." in answer.text
    assert SECRET not in answer.text
    assert SECRET in caplog.text


def test_an_error_in_a_fragment_is_a_fragment(failing: Browser) -> None:
    answer = failing.http.get("/refuse", headers={"hx-request": "true"})
    assert answer.status_code == 422
    assert "<html" not in answer.text


def test_over_a_limit_the_page_says_when_to_come_back(failing: Browser) -> None:
    answer = failing.get("/wait")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/account", 200), ("/nowhere", 404), ("/explode", 500), ("/static/app.css", 200)],
)
def test_every_answer_carries_the_security_headers(
    failing: Browser, path: str, status: int
) -> None:
    answer = failing.get(path)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_the_policy_allows_no_inline_script_no_inline_style_and_no_other_site() -> None:
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["form-action"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY


def test_private_pages_are_not_kept_by_the_browser(failing: Browser) -> None:
    assert failing.get("/account").headers["cache-control"] == "no-store"
    assert failing.get("/own").headers["cache-control"] == "max-age=5"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "", "[::1", "evil.example:8400", "@127.0.0.1:x"],
)
def test_an_unknown_host_name_gets_no_page(failing: Browser, host: str) -> None:
    answer = failing.http.get("/sign-in", headers={"host": host})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


def test_a_method_that_a_page_does_not_know_is_refused(failing: Browser) -> None:
    token = failing.csrf_token("/account")
    answer = failing.http.put("/account", headers={"x-csrf-token": token})
    assert answer.status_code == 405


@pytest.mark.parametrize(("path", "status"), [("/explode", 500), ("/away", 503)])
def test_an_error_whose_page_fails_too_carries_the_headers_and_its_number(
    failing: Browser, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    def broken(_value: str) -> None:
        raise RuntimeError(SECRET)

    assert failing.http.get(path).headers["content-type"].startswith("text/html")
    monkeypatch.setattr(cookies, "read_flash", broken)
    port = failing.http.base_url.port
    failing.http.cookies.set(f"ionport_flash_{port}", "x")
    answer = failing.http.get(path)
    assert answer.status_code == status
    # No page: it failed as well.
    assert answer.headers["content-type"].startswith("text/plain")
    if status == 503:
        assert answer.headers["retry-after"] == "10"
    else:
        assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert SECRET not in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/refuse", "/wait", "/explode"])
def test_an_error_page_shows_its_request_id_and_ways_back(failing: Browser, path: str) -> None:
    origin = str(failing.http.base_url).rstrip("/")
    answer = failing.http.get(path, headers={"referer": f"{origin}/account?x=1"})
    assert answer.headers["x-request-id"] in answer.text
    assert 'href="/account?x=1"' in answer.text
    assert 'href="/"' in answer.text


@pytest.mark.parametrize("referer", ["https://evil.example/account", "http://[", "//x", ""])
def test_an_error_page_leads_back_to_no_other_site(failing: Browser, referer: str) -> None:
    answer = failing.http.get("/nowhere", headers={"referer": referer})
    assert answer.status_code == 404
    assert "evil" not in answer.text
    assert 'class="btn btn-back"' not in answer.text


def test_a_wrong_host_is_told_the_request_id(failing: Browser) -> None:
    answer = failing.http.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer.headers["x-request-id"] in answer.text


@pytest.mark.parametrize(
    "path", ["/set-pasword/{}", "/setup/{}?x=1", "/SET-UP/{}", "/set-up%2F{}", "/x?link=/set/{}"]
)
def test_a_misspelled_one_time_link_does_not_go_into_a_query(failing: Browser, path: str) -> None:
    failing.http.cookies.clear()
    token = "A_-9" * 11
    answer = failing.http.get(path.format(token), follow_redirects=False)
    assert answer.status_code in (303, 404)
    assert token not in answer.headers.get("location", "")


def test_a_flash_message_links_to_no_other_site() -> None:
    value = cookies.flash_value("info", "Done.", ("/deliveries/dlv_1", "Open it"))
    assert cookies.read_flash(value) == ("info", "Done.", "/deliveries/dlv_1", "Open it")
    for path in ("//example.com", "https://example.com", "javascript:alert(1)", "/\\\\x"):
        assert cookies.read_flash(cookies.flash_value("info", "Done.", (path, "x"))) is None
