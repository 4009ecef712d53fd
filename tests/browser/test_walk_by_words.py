"""The manual's page of the walk, followed by its own words in each language.

Whoever reads it knows the names that it has in bold, in italics and in code, and nothing else of
the pages: a button that is called otherwise fails this, and so does another word in a translation.
With IONPORT_MANUAL_PICTURES naming a folder, the walks leave the page's pictures there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import expect

from ionport.documents.samples import read_sample
from tests.browser.conftest import OpenScreen
from tests.browser.manual_pictures import Pictures
from tests.browser.sides import Side, both_sides
from tests.browser.words import PASSWORD, Reader, ending_of, steps_of
from tests.support.sides import PATIENCE

_SAMPLE = "demo-invoice-ubl.xml"
_USER = "Ada Example"
_QUESTIONS = {
    "en": "How do I create an authorized app?",
    "de": "Wie lege ich eine Authorized App an?",
    "fr": "Comment créer une Authorized App ?",
}
# What the reader writes where the page names a field and no words for it.
_TEXTS = {
    "en": ("Delivers invoices to Infor", "Invoices to Infor M3"),
    "de": ("Liefert Rechnungen an Infor", "Rechnungen an Infor M3"),
    "fr": ("Livre les factures à Infor", "Factures vers Infor M3"),
}


def _first_administrator(reader: Reader, side: Side) -> None:
    """Follow the link that the server printed: it stands before the page's first step."""
    page = reader.page
    page.goto(side.set_up_link)
    values = {"username": "ada", "full_name": _USER, "email": "ada@example.com"}
    for name, value in {**values, "password": PASSWORD, "repeated": PASSWORD}.items():
        page.locator(f"input[name={name}]").fill(value)
    page.locator("button.btn-wide").click()
    page.wait_for_url(re.compile(r"^(?!.*/set-up/)"))


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_the_manuals_walk_by_its_own_words(
    new_screen: OpenScreen, tmp_path: Path, language: str
) -> None:
    invoice = tmp_path / _SAMPLE
    invoice.write_bytes(read_sample(_SAMPLE))
    base = "/manual" if language == "en" else f"/manual/{language}"
    with both_sides(tmp_path) as (infor, documents):
        # Nobody is signed in here.
        walk = httpx2.get(f"{infor.url}{base}/the-walk.md", timeout=PATIENCE)
        asked = {"ask": _QUESTIONS[language]}
        answer = httpx2.get(f"{documents.url}{base}/the-walk.md", params=asked, timeout=PATIENCE)
        assert (walk.status_code, answer.status_code) == (200, 200)
        steps, ending = steps_of(walk.text), ending_of(walk.text)
        assert len(steps) == 9
        assert "Authorized App" in answer.text

        screen = new_screen(infor.url, locale=language)
        screen.allow_server(documents.url)
        page = screen.page
        wanted = os.environ.get("IONPORT_MANUAL_PICTURES")
        pictures = Pictures(page, Path(wanted, language) if wanted else None)
        reader = Reader(page, tmp_path, invoice, _USER)
        reader.texts += _TEXTS[language]
        reader.before_using = pictures.before_using
        for side, part in ((infor, steps[:5]), (documents, steps[5:])):
            _first_administrator(reader, side)
            page.goto(side.url)
            assert page.locator("html").get_attribute("lang") == language
            for number, step in enumerate(part, start=1 + steps.index(part[0])):
                pictures.begin(number)
                reader.follow(step)
                pictures.after_step()
            if side is infor:
                reader.keep_download()

        exporting, exported, posted = ending.choices
        opened, deliveries, inspector = ending.names
        page.get_by_role("link", name=opened, exact=True).click()
        progress = page.locator("#progress")
        expect(progress.get_by_role("status")).to_have_text(re.compile(f"{exporting}|{exported}"))
        expect(progress.get_by_role("status")).to_have_text(exported)
        for name in steps[-1].instead:
            assert page.locator("button").filter(has_text=re.compile(f"^\\s*{name}\\s*$")).count()
        expect(progress).to_contain_text(posted)
        pictures.take("document")
        page.get_by_role("link", name=deliveries, exact=True).click()
        expect(page.get_by_role("main").get_by_role("row")).to_have_count(2)
        page.goto(infor.url)
        page.get_by_role("link", name=inspector, exact=True).first.click()
        expect(page.get_by_role("main")).to_contain_text("/IDM/api/items")
        pictures.take("inspector")
