"""Questions to the manual: what it says, word for word, with where it stands. Nothing is made up.

Blocks are found by SQLite's FTS5 (BM25) over stems. A question counts as answered when one of the
foremost blocks and its page speak of enough of what it is about.
"""

from __future__ import annotations

import math
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache

from ionport.manual import LANGUAGES, ManualPage, page_names, read_page
from ionport.manual.language import (
    asks_how,
    folded,
    is_empty_word,
    language_of,
    meanings_of,
    stem,
    words_of,
)
from ionport.manual.sections import Block, blocks_of

MAX_QUESTION = 500
_EXCERPTS = 3
_NEAREST = 3
_CANDIDATES = 24
# What a word counts in the title of a page, the heading of a section, and the block.
_WEIGHTS = (4.0, 3.0, 1.0)
_SEARCH = (
    "SELECT rowid, -bm25(blocks, ?, ?, ?) AS score FROM blocks WHERE blocks MATCH ?"
    " ORDER BY score DESC LIMIT ?"
)
_HERE = 1.15
_PAGE = 2.0
_TITLE = 0.5
# A question is answered when one of the foremost blocks answers it: these parts of its meaning are
# spoken of on the page, and in the block with its heading and title.
_FOREMOST = 3
_ON_PAGE = 0.6
_IN_BLOCK = 0.5
_TYPO = 0.87
_LONG_WORD = 5
# What a word weighs that the manual does not have: in German and French it may be any verb, while a
# name (a capital inside the question, or a digit) says what the question is about, and a program's
# code such as `APS100` says it alone.
_UNKNOWN = {"en": 12.0, "de": 2.0, "fr": 6.0}
_UNKNOWN_NAME = 7.0
_UNKNOWN_CODE = 11.0
_CODE = re.compile(r"[a-z]+\d+[a-z]*")
# Pages made from code list every name there is: a question that asks how to do something is meant
# for the pages that tell it step by step, and theirs count less by this share.
_REFERENCE = frozenset(
    {
        *("json-api", "life-cycle", "mapping-keys", "mapping-rules", "oauth-errors", "rules"),
        *("sandbox-coverage", "settings", "terms"),
    }
)
_REFERENCE_COUNTS = 0.75
_NAME = re.compile(r"(?<=\s)[A-ZÄÖÜÉ][\w-]*|\w*\d\w*")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the manual says to a question.

    `excerpts`: the best first, whole blocks of Markdown; none unless `is_answered`. `nearest`:
    names of pages that are about something like it.
    """

    is_answered: bool
    excerpts: tuple[Block, ...]
    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a question: the stems that mean it, and what it weighs."""

    stems: frozenset[str]
    weight: float


@dataclass(frozen=True, slots=True)
class _Page:
    """The stems of a page: how often each, those of its title; its length by the mean of all."""

    counts: Mapping[str, int]
    title: frozenset[str]
    length: float


class Manual:
    """The pages, ready to be asked; may be asked by several threads."""

    def __init__(self, pages: Sequence[ManualPage]) -> None:
        """Index pages, which are in English."""
        self._blocks = [block for page in pages for block in blocks_of(page)]
        self._lock = threading.Lock()
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute(
            "CREATE VIRTUAL TABLE blocks USING fts5(title, heading, text, tokenize='unicode61')"
        )
        self._stems: list[tuple[frozenset[str], frozenset[str]]] = []
        counts: dict[str, int] = {}
        self._words: dict[str, str] = {}
        for number, block in enumerate(self._blocks):
            around = self._stems_of(f"{block.title} {block.heading} {block.page}")
            inside = self._stems_of(block.text)
            self._stems.append((frozenset(around), frozenset(inside)))
            for each in {*around, *inside}:
                counts[each] = counts.get(each, 0) + 1
            self._index.execute(
                "INSERT INTO blocks(rowid, title, heading, text) VALUES (?, ?, ?, ?)",
                (
                    number,
                    _joined(self._stems_of(f"{block.title} {block.page}")),
                    _joined(self._stems_of(block.heading)),
                    _joined(inside),
                ),
            )
        self._pages = self._count_pages(pages)
        total = len(self._blocks)
        self._rarity = {each: math.log(1 + total / count) for each, count in counts.items()}

    def ask(self, question: str, page: str | None = None) -> Answer:
        """Answer a question; `page`: where it is asked.

        What is over `MAX_QUESTION` characters is not read, whoever asks.
        """
        asked = self._meaning(question[:MAX_QUESTION])
        if not asked:
            return Answer(False, (), ())
        ranked = self._ranked(asked, page, _REFERENCE if asks_how(question) else frozenset())
        nearest = tuple(dict.fromkeys(self._blocks[number].page for number in ranked))[:_NEAREST]
        answering = [number for number in ranked if self._answers(asked, number)]
        if not {*answering} & {*ranked[:_FOREMOST]}:
            return Answer(False, (), nearest)
        excerpts: list[Block] = []
        for number in answering:
            block = self._blocks[number]
            if all((one.page, one.heading) != (block.page, block.heading) for one in excerpts):
                excerpts.append(block)
        return Answer(True, tuple(excerpts[:_EXCERPTS]), nearest)

    def _count_pages(self, pages: Sequence[ManualPage]) -> Mapping[str, _Page]:
        counted = {page.name: Counter(self._stems_of(page.text)) for page in pages}
        titles = {page.name: page.title for page in pages}
        mean = sum(each.total() for each in counted.values()) / max(1, len(counted))
        return {
            name: _Page(
                counts, frozenset(self._stems_of(f"{titles[name]} {name}")), counts.total() / mean
            )
            for name, counts in counted.items()
        }

    def _stems_of(self, text: str) -> list[str]:
        found = []
        for word in words_of(text):
            if not is_empty_word(word):
                found.append(stem(word))
                self._words.setdefault(word, found[-1])
        return found

    def _meaning(self, question: str) -> list[_Word]:
        """Return the words that carry meaning, each once."""
        words = self._without_parts(words_of(question))
        language = language_of(words)
        names = {folded(name) for name in _NAME.findall(question)}
        found: dict[frozenset[str], _Word] = {}
        for word in words:
            own = stem(word)
            is_known = own in self._rarity
            if is_empty_word(word) or (not is_known and not word.isalnum()):
                continue
            is_name = is_known and "_" in word
            meanings = set() if is_name else {stem(each) for each in meanings_of(word)}
            is_typo = not is_known and not meanings and word not in names
            if is_typo and len(word) >= _LONG_WORD:
                close = get_close_matches(word, self._similar(word), 1, _TYPO)
                meanings |= {self._words[each] for each in close}
            stems = frozenset(each for each in (own, *meanings) if each in self._rarity)
            if stems:
                rarities = [self._rarity[each] for each in stems]
                weight = self._rarity[own] if is_known and language == "en" else min(rarities)
            else:
                weight = _weight_of_unknown(word, language, is_name=word in names)
            found.setdefault(stems or frozenset({own}), _Word(stems, weight))
        return list(found.values())

    def _without_parts(self, words: Sequence[str]) -> list[str]:
        """Return the words without the parts of names that the manual has, as `document_types`."""
        found: list[str] = []
        parts = 0
        for word in words:
            if parts:
                parts -= 1
                continue
            found.append(word)
            if "_" in word and stem(word) in self._rarity:
                parts = len(words_of(word)) - 1
        return found

    def _similar(self, word: str) -> list[str]:
        return [
            each for each in self._words if each[0] == word[0] and abs(len(each) - len(word)) <= 2
        ]

    def _ranked(
        self, asked: Sequence[_Word], page: str | None, lesser: frozenset[str]
    ) -> list[int]:
        """Return the numbers of the blocks that speak of it, the best first.

        `page`: the page where it is asked; `lesser`: pages that count less for this question.
        """
        stems = sorted({each for word in asked for each in word.stems if each in self._rarity})
        if not stems:
            return []
        query = " OR ".join(f'"{each}"' for each in stems)
        with self._lock:
            rows = self._index.execute(_SEARCH, (*_WEIGHTS, query, _CANDIDATES)).fetchall()
        pages = self._page_scores(asked)
        best_page = max(pages.values())
        best = max(score for _number, score in rows)
        scores = {}
        for number, score in rows:
            name = self._blocks[number].page
            by_block = score / best * (0.3 + self._spoken_of(asked, number))
            by_page = pages[name] / best_page
            counts = (_HERE if name == page else 1) * (_REFERENCE_COUNTS if name in lesser else 1)
            scores[number] = (by_block + _PAGE * by_page) * counts
        return sorted(scores, key=lambda number: (-scores[number], number))

    def _page_scores(self, asked: Sequence[_Word]) -> Mapping[str, float]:
        """Return how much each page is about it: often named in it, and by its title."""
        scores = dict.fromkeys(self._pages, 0.0)
        for word in asked:
            for name, page in self._pages.items():
                count = sum(page.counts.get(each, 0) for each in word.stems)
                share = count / (count + 1.5 * (0.4 + 0.6 * page.length)) if count else 0
                titled = _TITLE if word.stems & page.title else 0
                scores[name] += word.weight * (share + titled)
        return scores

    def _answers(self, asked: Sequence[_Word], number: int) -> bool:
        page = self._pages[self._blocks[number].page]
        total = sum(word.weight for word in asked)
        on_page = sum(word.weight for word in asked if word.stems & page.counts.keys())
        return on_page / total >= _ON_PAGE and self._spoken_of(asked, number) >= _IN_BLOCK

    def _spoken_of(self, asked: Sequence[_Word], number: int) -> float:
        """Return which part of the question's meaning a block speaks of, from 0 to 1."""
        around, inside = self._stems[number]
        total = sum(word.weight for word in asked)
        spoken = sum(word.weight for word in asked if word.stems & (around | inside))
        return spoken / total


def _weight_of_unknown(word: str, language: str, *, is_name: bool) -> float:
    if _CODE.fullmatch(word):
        return _UNKNOWN_CODE
    return _UNKNOWN_NAME if is_name else _UNKNOWN[language]


def _joined(stems: Sequence[str]) -> str:
    return " ".join(stems)


@cache
def manual() -> Manual:
    """Return the manual of this version, indexed once."""
    return Manual([read_page(name) for name in page_names()])


def in_language(answer: Answer, language: str) -> Answer:
    """Return an answer in the words of the pages in a language: the same blocks of each page."""
    if language == LANGUAGES[0]:
        return answer
    excerpts = tuple(_translated(block, language) for block in answer.excerpts)
    return replace(answer, excerpts=excerpts)


def _translated(block: Block, language: str) -> Block:
    blocks = _blocks(block.page, language)
    is_same = len(blocks) == len(_blocks(block.page, LANGUAGES[0]))
    return blocks[block.number] if is_same else block


@cache
def _blocks(name: str, language: str) -> tuple[Block, ...]:
    return tuple(blocks_of(read_page(name, language)))
