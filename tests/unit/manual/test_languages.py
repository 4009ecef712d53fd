"""Translated pages of the manual: the same headings, blocks, links and code as the English ones."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import ionport.manual
from ionport.core import i18n
from ionport.manual import (
    CONTENTS,
    LANGUAGES,
    ManualPage,
    headings_of,
    languages_of,
    page_names,
    read_page,
)
from ionport.manual.answers import in_language, manual
from ionport.manual.sections import blocks_of, new_parser
from ionport.web.pages.general.manual import SECTIONS
from tools.catalogues.checks import wide_marks

FOLDER = Path(ionport.manual.__file__).parent
TRANSLATED = [(code, name) for name in page_names() for code in languages_of(name)[1:]]


def _tokens(page: ManualPage) -> list[tuple[str, str]]:
    """What the page is made of: its blocks, of code and links what they say."""
    found = []
    for token in new_parser().parse(page.text):
        if token.type in ("fence", "code_block"):
            found.append((token.type, token.content))
        elif token.type != "inline" and not token.type.startswith("paragraph"):
            found.append((token.type, token.tag))
    return found


def _inside(page: ManualPage, kind: str) -> Counter[str]:
    """How often each code or each address of a link stands in the page's text."""
    tokens = (each for token in new_parser().parse(page.text) for each in token.children or ())
    wanted = [token for token in tokens if token.type == kind]
    return Counter(
        token.content or re.sub(r"^/manual/(de|fr)/", "/manual/", str(token.attrGet("href")))
        for token in wanted
    )


def test_the_manual_and_the_pages_speak_the_same_languages() -> None:
    assert LANGUAGES == i18n.LANGUAGES
    assert tuple(section for section, _names in CONTENTS) == SECTIONS


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_translation_is_of_a_page_that_is_not_there(language: str) -> None:
    names = {path.stem for path in (FOLDER / language).glob("*")}
    assert names <= set(page_names())


@pytest.mark.parametrize(("language", "name"), TRANSLATED)
def test_a_translated_page_is_built_as_the_english_one(language: str, name: str) -> None:
    english, translated = read_page(name), read_page(name, language)
    assert _tokens(translated) == _tokens(english)
    assert _inside(translated, "code_inline") == _inside(english, "code_inline")
    assert _inside(translated, "link_open") == _inside(english, "link_open")
    there, here = list(blocks_of(english)), list(blocks_of(translated))
    # Where a block leads to the next one by a colon, its translation does too.
    assert [block.anchor for block in here] == [block.anchor for block in there]


@pytest.mark.parametrize("name", [name for code, name in TRANSLATED if code == "fr"])
def test_french_marks_have_their_no_break_space(name: str) -> None:
    tokens = new_parser().parse(read_page(name, "fr").text)
    # `![` begins a picture.
    texts = (token.content.replace("![", "[") for token in tokens if token.type == "inline")
    assert [place for text in texts for place in wide_marks(text)] == []


@pytest.mark.parametrize("name", page_names())
def test_every_heading_is_counted_that_markdown_has(name: str) -> None:
    page = read_page(name)
    headings = [token for token in new_parser().parse(page.text) if token.type == "heading_open"]
    assert len(headings) == len(headings_of(page.text)) + 1


def test_a_page_that_is_not_translated_is_english_with_links_into_the_language() -> None:
    missing = next(name for name in page_names() if "de" not in languages_of(name))
    page = read_page(missing, "de")
    assert page.language == "en"
    assert page.title == read_page(missing).title
    assert "](/manual/" in "".join(read_page(name).text for name in page_names())
    assert not re.search(r"\]\(/manual/(?!de/)", page.text)


def test_another_language_is_not_found() -> None:
    with pytest.raises(LookupError):
        read_page("words", "it")
    with pytest.raises(LookupError):
        read_page("words", "../words")


def test_an_answer_has_the_words_of_the_page_s_language_and_the_same_place() -> None:
    english = manual().ask("How do I switch refresh tokens on for the app?", "the-walk")
    german = in_language(english, "de")
    assert english.is_answered
    assert [(one.page, one.anchor) for one in german.excerpts] == [
        (one.page, one.anchor) for one in english.excerpts
    ]
    for one, other in zip(german.excerpts, english.excerpts, strict=True):
        assert (one.text != other.text) == ("de" in languages_of(one.page))
