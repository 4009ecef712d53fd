from __future__ import annotations

from pathlib import Path

import pytest

import ionport.manual
from ionport.manual import page_names, read_page
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


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    text = settings_page.PAGE.read_text(encoding="utf-8")
    assert text == settings_page.settings_page(), "write it anew: python -m tools.settings_page"


def test_the_page_of_coverage_is_what_the_sandbox_says() -> None:
    text = coverage_page.PAGE.read_text(encoding="utf-8")
    assert text == coverage_page.coverage_page(), "write it anew: python -m tools.coverage_page"
