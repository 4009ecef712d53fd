"""From one document of a list to the next, whatever was decided on the way."""

from __future__ import annotations

import re

import pytest

from tests.support.web import said
from tests.support.whole import Site
from tests.unit.web.pages.documents.test_export import MISMATCH, SAMPLE, _upload

HELD = "/documents?status=ready_for_validation&sort=filename&dir=asc"


def _open(site: Site, document: str, query: str) -> str:
    came_from = str(site.browser.http.base_url).rstrip("/") + query
    headers = {"referer": came_from}
    return site.browser.http.get(f"/documents/{document}", headers=headers).text


@pytest.fixture
def documents(site: Site) -> list[str]:
    """Three that are held, and a free one between them."""
    contents = [MISMATCH.replace(b"RE-2026-0417", b"RE-%d" % n) for n in range(4)]
    contents[2] = SAMPLE.replace(b"RE-2026-0417", b"RE-FREE")
    return _upload(site, *contents)


def test_the_next_document_is_that_of_the_list_with_its_filter_and_order(
    site: Site, documents: list[str]
) -> None:
    first, second, _free, last = documents
    page = _open(site, first, HELD)
    assert f'href="{HELD}"'.replace("&", "&amp;") in page
    assert site.browser.get(f"/documents/{first}/next").url.path == f"/documents/{second}"
    assert site.browser.get(f"/documents/{second}/next").url.path == f"/documents/{last}"
    end = site.browser.get(f"/documents/{last}/next")
    assert str(end.url).endswith(HELD)
    assert "That was the last document of the list." in said(end.text)


def test_save_and_next_goes_on_although_the_document_leaves_the_list(
    site: Site, documents: list[str]
) -> None:
    first, second, _free, last = documents
    _open(site, first, HELD)
    fields = {"seen amount_due": "2808.80", "value amount_due": "2808.81", "next": "yes"}
    for document, following in ((first, second), (second, last)):
        answer = site.browser.send(f"/documents/{document}/correct", fields)
        assert answer.url.path == f"/documents/{following}"
        assert "corrected and judged anew" in said(answer.text)
    wrong = {**fields, "value amount_due": "much"}
    assert site.browser.send(f"/documents/{last}/correct", wrong).status_code == 422


def test_without_a_list_the_next_is_the_one_that_came_before(
    site: Site, documents: list[str]
) -> None:
    assert site.browser.get(f"/documents/{documents[2]}/next").url.path.endswith(documents[1])
    assert site.browser.get(f"/documents/{documents[0]}/next").url.path == "/documents"


@pytest.mark.parametrize("value", ["=", "%00", "w4TDlg==", "YQpi", "a" * 3_000, "c29ydD1ldmls"])
def test_no_cookie_leads_elsewhere(site: Site, documents: list[str], value: str) -> None:
    port = site.browser.http.base_url.port
    cookie = f"ionport_list_{port}={value}"
    cookies = "; ".join([cookie, *(f"{c.name}={c.value}" for c in site.browser.http.cookies.jar)])
    page = site.browser.http.get(f"/documents/{documents[0]}", headers={"cookie": cookies})
    (link,) = re.findall(r'<li><a href="([^"]+)">Documents</a></li>', page.text)
    assert link.partition("?")[0] == "/documents"
