"""A text of an error that is pasted into the manual's search finds its row, however it is pasted.

Each text is pasted in one way; `IONPORT_CHAOS_DOCUMENTS` makes the test longer: in every way.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from itertools import cycle
from typing import NamedTuple

import pytest

from ionport.manual import LANGUAGES, languages_of, page_names, read_page
from ionport.manual.language import folded, names_of
from ionport.manual.quoted import QuotedTexts
from ionport.manual.sections import Block, blocks_of

# Pages whose tables have texts of errors in italics.
ERRORS = (
    *(name for name in page_names() if name.startswith("errors-")),
    *("oauth-errors", "export-errors", "testing", "troubleshooting"),
)
FEWEST_WORDS = 3
IS_LONG = "IONPORT_CHAOS_DOCUMENTS" in os.environ


def _filled(text: str) -> str:
    values = cycle(["4711", "Müller & Söhne", "invoice-17.xml", "INV"])
    return re.sub("…", lambda _gap: next(values), text)


def _wrapped(text: str) -> str:
    words = text.split()
    return " ".join(words[: len(words) // 2]) + "\n" + " ".join(words[len(words) // 2 :])


WAYS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    _filled,
    lambda text: f"Why does it say „{_filled(text)}“?",
    lambda text: f'"{_filled(text)}"',
    lambda text: f"Error: {_filled(text)}",
    lambda text: (
        f'{{"code":"x","message":"{_filled(text)[:400]}","requestId":"req_01kbd3y8k9w4vz5n"}}'
    ),
    lambda text: f"{_filled(text)}\nRequest id: req_01kbd3y8k9w4vz5n6q7r8s9t0a",
    lambda text: _wrapped(_filled(text)),
    lambda text: _filled(text).upper(),
    lambda text: _filled(text).lower(),
)


class Pasted(NamedTuple):
    """A text of a row, or a sentence of one."""

    text: str
    language: str
    place: int
    is_whole: bool

    @property
    def key(self) -> str:
        """Its words, with … for the values of each place."""
        return " ".join(names_of(folded(re.sub(r"\w*…\w*(\W*…\w*)*", " gap ", self.text))))


@cache
def _blocks() -> list[tuple[int, str, Block]]:
    found: list[tuple[int, str, Block]] = []
    for name in page_names():
        first = len(found)
        for code in languages_of(name):
            blocks = blocks_of(read_page(name, code))
            found += ((first + block.number, code, block) for block in blocks)
    return found


@cache
def _texts() -> QuotedTexts:
    return QuotedTexts((place, block) for place, _language, block in _blocks())


@cache
def _pasted() -> list[Pasted]:
    """What can be pasted of the pages of errors, and has enough words."""
    found = []
    for place, language, block in _blocks():
        row = block.text.splitlines()[-1]
        if block.page in ERRORS and row.startswith("| "):
            for text in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", row.split(" | ")[0]):
                found.append(Pasted(text, language, place, is_whole=True))
                if len(sentences := re.split(r"(?<=[.!?])\s+", text)) > 1:
                    found += (Pasted(each, language, place, is_whole=False) for each in sentences)
    return [one for one in found if len(names_of(folded(one.text))) >= FEWEST_WORDS]


@cache
def _places() -> Mapping[str, set[int]]:
    """Where each text stands; a sentence only where it is no text of its own."""
    whole: defaultdict[str, set[int]] = defaultdict(set)
    any_: defaultdict[str, set[int]] = defaultdict(set)
    for one in _pasted():
        any_[one.key].add(one.place)
        if one.is_whole:
            whole[one.key].add(one.place)
    return any_ | whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pasted_text_finds_its_row_and_so_does_a_sentence_of_it(language: str) -> None:
    pasted = [one for one in _pasted() if one.language == language]
    assert len(pasted) > 2000
    missed = []
    for number, one in enumerate(pasted):
        for way in WAYS if IS_LONG else [WAYS[number % len(WAYS)]]:
            question = way(one.text)
            if _texts().find(question) not in _places()[one.key]:
                missed.append(question)
    assert not missed, "\n".join(missed)


def test_a_sentence_of_several_rows_prefers_none_of_them() -> None:
    shared = {one.text: places for one in _pasted() if len(places := _places()[one.key]) > 1}
    assert "Try again in a minute." in shared
    for text, places in shared.items():
        assert set(_texts().find_all(text)) == places, text


@pytest.mark.parametrize(
    "question",
    [
        "What if a PDF cannot be read?",
        "Why is it that my invoice cannot be read by the system?",
        "Where can I choose another one?",
        "How do I sign in again?",
    ],
)
def test_a_question_with_some_words_of_a_text_is_none_with_the_text(question: str) -> None:
    assert _texts().find(question) is None
