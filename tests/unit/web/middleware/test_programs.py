"""A program with a wrong address is told so in JSON, and never led to a page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import httpx2
import pytest

from tests.support.web import Browser, People
from tests.support.whole import Site, site_on

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
OUTSIDE = (
    "/IDM/api/datamodel/entities",
    "//IONPORT_TST/IDM/api/datamodel/entities",
    "/IONPORT/IDM/api/items",
    "/IONPORT_TST",
    "/ionport_tst",
    "/as/token.oauth2",
    "/.well-known/unknown/IONPORT_TST/as",
    "/nowhere",
    "/documents/a/b/c/d",
    "/sign-in/x",
    "/_control",
    "/%49DM/../IDM/x",
)
ON_THE_WAY = (
    "/IONPORT_TST/",
    "/IONPORT_TST/IDM/nothing",
    "/OTHER_TST/IDM/api/items",
    "/IONPORT_TST/as/nothing",
    "/IONPORT_TST//IDM/api/items",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site") / "data", "") as site:
        yield site


@pytest.fixture(scope="module")
def program(site: Site) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=site.application.settings.origin) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "accept"),
    [
        *product(("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"), ("application/json", "*/*")),
        # Java's own client names text/html in whatever it sends.
        *product(("POST", "PUT", "DELETE"), (HTML,)),
    ],
)
def test_a_request_that_is_no_page_gets_json_at_an_address_outside_the_pages(
    site: Site, program: httpx2.Client, method: str, accept: str
) -> None:
    for path in OUTSIDE:
        answer = program.request(
            method, path, content=b"<SyncInvoice/>" * 10, headers={"accept": accept}
        )
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/json", path
        assert "{iu}/{ti}/" in answer.json()["message"], path
        assert site.application.settings.gateway_origin in answer.json()["message"]
        assert answer.json()["requestId"] == answer.headers["x-request-id"]
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_an_address_of_the_gateway_that_leads_nowhere_is_answered_in_json(
    program: httpx2.Client, method: str
) -> None:
    for path in ON_THE_WAY:
        answer = program.request(method, path, headers={"accept": HTML})
        assert answer.status_code in (401, 404), path
        assert answer.headers["content-type"] == "application/json", path


def test_a_wrong_address_under_a_foreign_host_name_is_answered_too(program: httpx2.Client) -> None:
    answer = program.post("/IDM/api/items", headers={"host": "mingle-ionapi.inforcloudsuite.com"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_address")


def test_a_signed_in_browser_that_sends_to_no_page_gets_json_too(site: Site) -> None:
    assert site.browser.http.post("/IDM/api/items").json()["code"] == "unknown_address"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_program_at_a_page_is_told_that_nobody_is_signed_in(
    program: httpx2.Client, method: str
) -> None:
    for accept in ("application/json", "*/*"):
        answer = program.request(method, "/documents", headers={"accept": accept})
        assert answer.status_code == 401
        assert answer.json()["code"] == "signed_out"
        assert "content-security-policy" in answer.headers


def test_a_browser_whose_session_ended_still_comes_to_the_sign_in_page(
    program: httpx2.Client,
) -> None:
    page = {"accept": HTML}
    assert program.get("/documents", headers=page).headers["location"].startswith("/sign-in?next=")
    assert program.get("/nowhere", headers=page).headers["location"].startswith("/sign-in?next=")
    # A form of a real page, and htmx, whose requests do not name text/html.
    sent = program.post("/documents/upload", data={"csrf_token": "x"}, headers=page)
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in")
    for method in ("GET", "POST"):
        swapped = program.request(
            method, "/documents/upload", headers={"hx-request": "true", "accept": "*/*"}
        )
        assert (swapped.status_code, swapped.headers["hx-redirect"]) == (401, "/sign-in")


def test_where_no_gateway_runs_no_address_of_one_is_shown(people: People, browser: Browser) -> None:
    answer = browser.http.post("/IDM/api/items", headers={"accept": "*/*"})
    assert answer.status_code == 404
    assert "{iu}" not in answer.json()["message"]
