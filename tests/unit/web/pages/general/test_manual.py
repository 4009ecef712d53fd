from __future__ import annotations

from pathlib import Path

import pytest

import ionport.manual
from ionport.manual import languages_of, page_names, read_page
from tests.support.web import Browser, People
from tools import coverage_page, settings_page


def test_the_contents_name_every_page_once_and_no_other() -> None:
    files = {path.stem for path in Path(ionport.manual.__file__).parent.glob("*.md")}
    assert sorted(page_names()) == sorted(files)


@pytest.mark.parametrize("name", page_names())
def test_every_page_has_one_title_and_no_raw_html(name: str) -> None:
    page = read_page(name)
    assert page.title
    assert page.text.count("\n# ") == 0
    assert "<script" not in page.text


def test_another_name_is_not_found() -> None:
    with pytest.raises(LookupError):
        read_page("../../settings")


def test_a_page_that_the_manual_has_not_is_told_as_not_found(
    people: People, browser: Browser
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    for name in ("nothing", "..%2f..%2fsettings", "__init__"):
        answer = browser.get(f"/manual/{name}")
        assert answer.status_code == 404
    assert browser.get("/manual/words").status_code == 200


@pytest.mark.parametrize("base", ["/manual", "/manual/", "/manual/de/", "/manual/fr/"])
def test_the_manuals_folder_leads_to_its_first_page(browser: Browser, base: str) -> None:
    first = f"{base.rstrip('/')}/the-walk"
    for accepted in ("text/html", "*/*", "application/json"):
        answer = browser.http.get(base, headers={"accept": accepted}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, first)
    asked = browser.http.get(base, params={"ask": ""}, headers={"accept": "application/json"})
    assert asked.status_code == 422


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    text = settings_page.PAGE.read_text(encoding="utf-8")
    assert text == settings_page.settings_page(), "write it anew: python -m tools.settings_page"


def test_the_page_of_coverage_is_what_the_sandbox_says() -> None:
    text = coverage_page.PAGE.read_text(encoding="utf-8")
    assert text == coverage_page.coverage_page(), "write it anew: python -m tools.coverage_page"


def test_each_language_has_its_address_and_says_so(browser: Browser) -> None:
    browser.http.headers["accept-language"] = "fr"
    for address, language, title in (
        ("/manual/the-walk", "en", "The walk"),
        ("/manual/de/the-walk", "de", "Der Weg"),
    ):
        page = browser.get(address).text
        assert f'<html lang="{language}"' in page
        assert f">{title}</h1>" in page
        assert 'id="at-the-infor-side"' in page
        assert 'hreflang="de" href="http://127.0.0.1/manual/de/the-walk"' in page
        assert 'hreflang="en" href="http://127.0.0.1/manual/the-walk"' in page
        assert browser.get(f"{address}.md").text.startswith(f"# {title}\n")
    assert 'href="/manual/de/export"' in page


def test_a_page_without_a_translation_is_english_and_says_that_it_is(browser: Browser) -> None:
    name = next(name for name in page_names() if languages_of(name) == ["en"])
    page = browser.get(f"/manual/de/{name}").text
    assert '<html lang="de"' in page
    assert '<article lang="en">' in page
    assert 'rel="alternate" hreflang' not in page
    assert browser.get(f"/manual/it/{name}").status_code == 404
    assert browser.get("/manual/de/nothing").status_code == 404


def test_the_manual_opens_in_the_reader_s_language(people: People, browser: Browser) -> None:
    browser.http.headers["accept-language"] = "de"
    assert browser.get("/manual").url.path == "/manual/de/the-walk"
    browser.http.headers["accept-language"] = "en"
    assert browser.get("/manual").url.path == "/manual/the-walk"
    people.add("ada")
    browser.sign_in("ada")
    choice = {"language": "fr", "back": "/manual/words?x=1"}
    answer = browser.send("/language", choice, form_at="/account")
    assert answer.url.path == "/manual/fr/words"
    assert browser.get("/manual").url.path == "/manual/fr/the-walk"
    assert 'href="/manual/fr/account"' in browser.get("/account").text


def test_a_question_is_answered_in_the_words_of_the_page_s_language(browser: Browser) -> None:
    question = "How do I switch refresh tokens on for the app?"
    answers = {}
    for base in ("/manual", "/manual/de"):
        answer = browser.http.get(
            f"{base}/the-walk.md", params={"ask": question}, headers={"accept": "application/json"}
        ).json()
        assert answer["answered"]
        answers[base] = answer
    for english, german in zip(*(each["excerpts"] for each in answers.values()), strict=True):
        assert german["page"] == english["page"]
        assert german["url"] == english["url"].replace("/manual/", "/manual/de/")
    asked = {"ask": "Wie schalte ich Refresh Tokens ein?"}
    for base in ("/manual", "/manual/de"):
        page = browser.http.get(base, params=asked).text
        assert f'action="{base}"' in page
    assert browser.get("/manual/de/llms.txt").text.count("/manual/de/") >= len(page_names())
