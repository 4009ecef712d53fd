"""Anybody may ask the manual: as a page, as Markdown, as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from urllib.robotparser import RobotFileParser

import httpx2
import pytest
from lxml import etree, html

from ionport.core.errors import TooManyRequests
from ionport.core.http.rates import RateLimit
from ionport.manual import languages_of, manual_base, page_names
from ionport.web.middleware.languages import ORIGINAL_PAGE
from tests.support.web import PASSWORD, Browser, People, browser_on

QUESTION = "How do I rotate a secret?"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ionport.web.pages.general.manual._limit", RateLimit(1000))


def ask(browser: Browser, path: str, question: str, accept: str = "*/*") -> httpx2.Response:
    return browser.http.get(path, params={"ask": question}, headers={"Accept": accept})


@pytest.mark.parametrize("path", ["/manual/the-walk.md", ORIGINAL_PAGE], ids=["own", "original"])
def test_a_program_gets_the_words_of_the_manual_and_where_they_stand(
    browser: Browser, path: str
) -> None:
    answer = ask(browser, path, QUESTION)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/markdown")
    assert "](/manual/rotate-a-secret" in answer.text
    found = ask(browser, path, QUESTION, "application/json").json()
    assert set(found) == {"answered", "answer", "excerpts", "nearest"}
    assert found["answered"] is True
    first = found["excerpts"][0]
    assert first["page"] == "rotate-a-secret"
    assert first["text"] == found["answer"]
    page = browser.get(f"/manual/{first['page']}.md").text
    assert all(line in page for line in first["text"].splitlines())


def test_a_browser_gets_a_page_whose_links_lead_to_the_sections(browser: Browser) -> None:
    page = ask(browser, "/manual", "Is it alive, is it ready?", "text/html").text
    assert 'href="/manual/install#is-it-alive-is-it-ready"' in page
    assert 'id="is-it-alive-is-it-ready"' in browser.get("/manual/install").text
    assert "Sign In" in page


def test_what_the_manual_does_not_say_is_told_with_the_nearest_pages(browser: Browser) -> None:
    found = ask(
        browser, "/manual/words.md", "holiday weather in Cologne", "application/json"
    ).json()
    assert (found["answered"], found["answer"], found["excerpts"]) == (False, "", [])
    assert "not in this manual" in ask(browser, "/manual/words.md", "holiday weather").text


def test_a_question_far_from_every_page_leads_to_the_most_read_ones_and_the_contents(
    browser: Browser,
) -> None:
    far = "Who sang in Parsifal?"
    found = ask(browser, "/manual/words.md", far, "application/json").json()["nearest"]
    names = ["the-walk", "troubleshooting", "when-not-to-use", "llms.txt"]
    assert [each["page"] for each in found] == names
    for each in found:
        assert f"- [{each['title']}]({each['url']})" in ask(browser, "/manual/words.md", far).text
        assert browser.get(each["url"]).status_code == 200
    page = html.fromstring(ask(browser, "/manual", far, "text/html").text)
    links = page.xpath("//article//a/@href")
    assert links == [*(f"/manual/{name}" for name in names[:3]), "#contents"]
    assert page.xpath("//*[@id='contents']")


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
@pytest.mark.parametrize("question", ["", "   ", "x" * 501], ids=["none", "blank", "long"])
def test_a_question_that_is_none_is_refused_with_a_hint(
    browser: Browser, question: str, accept: str
) -> None:
    answer = ask(browser, "/manual/the-walk.md", question, accept)
    assert answer.status_code == 422
    assert "question" in answer.text.lower()
    assert ("<html" in answer.text) is (accept == "text/html")
    if accept == "application/json":
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert "question" in answer.json()["fields"]["ask"].lower()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "part"])
def test_an_error_leads_to_what_the_manual_says_of_it(
    browser: Browser, headers: dict[str, str]
) -> None:
    answer = browser.http.get("/manual/nothing", headers={"Accept": "text/html", **headers})
    assert answer.status_code == 404
    assert "The manual has no such page." in explained(browser, answer)


def test_an_error_above_a_form_leads_to_what_the_manual_says_of_it(
    browser: Browser, people: People
) -> None:
    people.add("anna")
    browser.sign_in("anna")
    refused = browser.send(
        "/account/second-factor/codes", {"password": PASSWORD.reveal()}, form_at="/account"
    )
    assert refused.status_code == 409
    assert "Switch the second factor on first." in explained(browser, refused)


def explained(browser: Browser, answer: httpx2.Response) -> list[str]:
    """Follow the link of an error, and return which texts the first row there explains."""
    link = html.fromstring(answer.text).find(".//a[.='Look it up in the manual']")
    assert link is not None
    first = html.fromstring(browser.get(str(link.get("href"))).text).find(
        ".//section[@class='excerpt']"
    )
    assert first is not None
    return [str(each.text) for each in first.iterfind(".//td[1]/em")]


@pytest.mark.parametrize(
    "question",
    ['"', "AND OR NOT", "blocks:*", "'; DROP TABLE blocks", "\u202e\U0001f600", "%00", "NEAR(a b)"],
    ids=["quote", "operators", "column", "sql", "signs", "percent", "near"],
)
def test_no_question_breaks_the_search(browser: Browser, question: str) -> None:
    assert ask(browser, "/manual/the-walk.md", question, "application/json").status_code == 200


def test_an_address_may_ask_ten_times_a_second() -> None:
    now = [5.0]
    limit = RateLimit(10, lambda: now[0])
    for _again in range(10):
        limit.count("192.0.2.1", "slower")
    limit.count("192.0.2.2", "slower")
    with pytest.raises(TooManyRequests):
        limit.count("192.0.2.1", "slower")
    now[0] = 6.0
    limit.count("192.0.2.1", "slower")


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
def test_too_many_questions_are_answered_with_429(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    monkeypatch.setattr("ionport.web.pages.general.manual._limit", RateLimit(0))
    answer = ask(browser, "/manual/the-walk.md", QUESTION, accept)
    assert answer.status_code == 429
    assert ("<html" in answer.text) is (accept == "text/html")
    assert answer.headers["retry-after"] == "1"


def test_the_list_for_language_models_names_every_page(browser: Browser) -> None:
    listed = browser.get("/llms.txt").text
    for name in page_names():
        assert f"(/manual/{name}.md)" in listed


def test_the_site_map_names_every_page_by_its_whole_address(
    people: People, browser: Browser
) -> None:
    listed = browser.get("/manual/sitemap.xml")
    assert listed.headers["content-type"].startswith("application/xml")
    addresses = [entry.text for entry in etree.fromstring(listed.content).iter("{*}loc")]
    assert addresses == [
        f"{people.services().origin}{manual_base(code)}/{name}"
        for name in page_names()
        for code in languages_of(name)
    ]
    assert f"{people.services().origin}/manual/de/the-walk" in addresses


def test_search_engines_may_read_the_manual_and_nothing_else(
    people: People, browser: Browser, closed: Browser
) -> None:
    robots = RobotFileParser()
    robots.parse(browser.get("/robots.txt").text.splitlines())
    assert all(robots.can_fetch("*", each) for each in ("/manual", "/manual/de/words", "/llms.txt"))
    assert not any(robots.can_fetch("*", each) for each in ("/", "/sign-in", "/documents", "/acme"))
    assert robots.site_maps() == [f"{people.services().origin}/manual/sitemap.xml"]
    assert closed.get("/robots.txt").status_code == 404


@pytest.fixture
def closed(people: People) -> Iterator[Browser]:
    services = dataclasses.replace(people.services(), has_public_manual=False)
    with browser_on(services) as browser:
        yield browser


FOR_PROGRAMS = (
    "/manual/words.md",
    "/manual/de/words.md",
    "/manual/words.md?ask=What+is+a+proof",
    "/llms.txt",
    "/manual/fr/llms.txt",
    "/manual/sitemap.xml",
    ORIGINAL_PAGE,
    f"{ORIGINAL_PAGE}?ask=Where+is+the+secret",
)


@pytest.mark.parametrize("path", ["/manual", "/manual/words", "/manual?ask=x", *FOR_PROGRAMS])
def test_a_setting_closes_the_manual_to_people_who_have_not_signed_in(
    closed: Browser, path: str
) -> None:
    assert closed.get(path).url.path == "/sign-in"


@pytest.mark.parametrize("path", FOR_PROGRAMS)
def test_a_closed_manual_tells_programs_how_to_open_it(closed: Browser, path: str) -> None:
    closed.http.headers["accept-language"] = "en"
    for accept, media_type in (
        ("*/*", "text/markdown"),
        ("text/markdown, text/html, */*", "text/markdown"),
        ("text/html;q=0.5, application/json", "application/json"),
    ):
        answer = closed.http.get(path, headers={"Accept": accept})
        assert answer.status_code == 401
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["www-authenticate"]
        if "/de/" not in path and "/fr/" not in path:
            assert "IONPORT_PUBLIC_MANUAL=true" in answer.text
            assert "signed in" in answer.text
    assert answer.json()["code"] == "signed_out"


def test_an_error_at_an_address_for_programs_is_told_in_the_form_that_they_accept(
    browser: Browser,
) -> None:
    for path, status in (
        ("/manual/nothing.md", 404),
        ("/manual/nothing.md?ask=x", 404),
        ("/manual/words.md?ask=%00", 422),
    ):
        for accept, media_type in (
            ("*/*", "text/markdown"),
            ("application/json", "application/json"),
            ("text/html", "text/html"),
        ):
            answer = browser.http.get(path, headers={"Accept": accept})
            assert answer.status_code == status
            assert answer.headers["content-type"].startswith(media_type)
            assert ("<html" in answer.text) is (accept == "text/html")


def test_the_kind_with_the_most_weight_is_answered(browser: Browser) -> None:
    for accept, media_type in (
        ("text/markdown, text/html, */*", "text/markdown"),
        ("text/html;q=0.3, application/json;q=0.7", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("text/html;q=0, application/json;q=nonsense", "text/markdown"),
    ):
        answer = ask(browser, "/manual/the-walk.md", QUESTION, accept)
        assert answer.headers["content-type"].startswith(media_type)
