from __future__ import annotations

import re

from ionport.web.rendering.assets import asset_url
from tests.support.web import Browser


def test_a_file_asked_for_by_version_is_kept_for_good_and_others_are_asked_for_again(
    browser: Browser,
) -> None:
    versioned = browser.get(asset_url("app.css"))
    assert "immutable" in versioned.headers["cache-control"]
    for path in ("/static/app.css", "/static/app.css?v=old"):
        answer = browser.get(path)
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["etag"]


def test_every_file_that_a_page_names_is_served(browser: Browser) -> None:
    page = browser.get("/sign-in").text
    urls = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(urls) >= 5
    for url in urls:
        assert browser.get(url).status_code == 200, url


def test_no_page_names_another_site(browser: Browser) -> None:
    page = browser.get("/sign-in").text
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*"', page)


def test_nothing_outside_the_folder_is_served(browser: Browser) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/"):
        assert browser.http.get(path, follow_redirects=False).status_code in (303, 404)
