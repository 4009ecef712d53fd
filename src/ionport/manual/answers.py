"""Questions to the manual: what it says, word for word, with where it stands. Nothing is made up.

Blocks are found by SQLite's FTS5 (BM25) over stems. A question counts as answered when one of the
foremost blocks and its page speak of enough of what it is about. Phrases with which people ask for
a page (`asked.tsv`, and the headings of its translations) are searched beside its words.
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

from ionport.manual import LANGUAGES, ManualPage, languages_of, page_names, read_page
from ionport.manual.language import (
    asked_phrases,
    asks_how,
    folded,
    is_empty_word,
    is_outside,
    language_of,
    meanings_of,
    root,
    stem,
    words_of,
)
from ionport.manual.phrases import Phrases, Word
from ionport.manual.quoted import QuotedTexts
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
_PAGE = 2.2
_TITLE = 0.35
# What it counts that a page's phrases have a word, and that one phrase has all of the question.
_ASKED = 0.5
_PHRASE = 1.45
# So many pages are looked at by their phrases alone, without a block that has the words.
_LIKELY_PAGES = 5
# A word that stands in one phrase alone weighs no more than one that is rare in the pages.
_RAREST = 5.0
# What the last part of a compound word weighs of what it weighs alone.
_PART = 0.7
# A question is answered when one of the foremost blocks answers it: these parts of its meaning are
# spoken of on the page, and in the block with its heading and title.
_FOREMOST = 3
_ON_PAGE = 0.6
_PHRASE_ANSWERS = 0.88
_IN_BLOCK = 0.55
_TYPO = 0.87
_LONG_WORD = 5
# What a word weighs that the manual does not have: in German and French it may be any verb, while a
# name (a capital inside the question, or a digit) says what the question is about, and a program's
# code such as `APS100` says it alone.
_UNKNOWN = {"en": 12.0, "de": 2.0, "fr": 6.0}
_UNKNOWN_NAME = 7.0
_UNKNOWN_CODE = 11.0
# A word of `outside.txt`: the question is about something else.
_OUTSIDE = 14.0
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
class _Page:
    """The stems of a page: how often each, those of its title; its length by the mean of all."""

    counts: Mapping[str, int]
    title: frozenset[str]
    length: float


class Manual:
    """The pages, ready to be asked; may be asked by several threads."""

    def __init__(
        self, pages: Sequence[ManualPage], asked: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """Index pages, which are in English; `asked`: by page, how people ask."""
        self._asked = asked or {}
        self._blocks = [block for page in pages for block in blocks_of(page)]
        self._quoted = QuotedTexts(self._blocks)
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
        self._numbers: dict[str, list[int]] = {}
        for number, block in enumerate(self._blocks):
            self._numbers.setdefault(block.page, []).append(number)
        self._pages = self._count_pages(pages)
        self._phrases = Phrases(
            {page.name: [*map(self._terms_of, self._asked.get(page.name, ()))] for page in pages}
        )
        for each in (each for phrase in self._phrases for each in phrase):
            counts[each] = counts.get(each, 0) + 1
        total = len(self._blocks) + len(self._phrases)
        self._rarity = {each: math.log(1 + total / count) for each, count in counts.items()}

    def ask(self, question: str, page: str | None = None) -> Answer:
        """Answer a question; `page`: where it is asked.

        What is over `MAX_QUESTION` characters is not read, whoever asks.
        """
        asked = self._meaning(question[:MAX_QUESTION])
        if not asked:
            return Answer(False, (), ())
        likenesses = self._phrases.likenesses(asked)
        ranked = self._ranked(
            asked, likenesses, page, _REFERENCE if asks_how(question) else frozenset()
        )
        quoted = self._quoted.find(question[:MAX_QUESTION])
        if quoted is not None:
            ranked = [quoted, *(number for number in ranked if number != quoted)]
        nearest = tuple(dict.fromkeys(self._blocks[number].page for number in ranked))[:_NEAREST]
        answering = [
            number
            for number in ranked
            if number == quoted or self._answers(asked, number, likenesses)
        ]
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
                counts,
                frozenset(self._stems_of(f"{titles[name]} {name}")),
                counts.total() / mean,
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

    def _terms_of(self, phrase: str) -> frozenset[str]:
        """Return what stands in a phrase of any language: English stems, and roots."""
        words = [word for word in words_of(phrase) if not is_empty_word(word)]
        return frozenset(self._stems_of(phrase)) | frozenset(map(root, words))

    def _meaning(self, question: str) -> list[Word]:
        """Return the words that carry meaning, each once."""
        words = self._without_parts(words_of(question))
        language = language_of(words)
        names = {folded(name) for name in _NAME.findall(question)}
        found: dict[frozenset[str], Word] = {}
        for word in words:
            own = stem(word)
            is_known = own in self._rarity
            if is_empty_word(word) or (not is_known and not word.isalnum()):
                continue
            is_name = is_known and "_" in word
            if is_outside(word):
                found[frozenset({own})] = Word(frozenset(), _OUTSIDE)
                continue
            meanings = set() if is_name else {stem(each) for each in meanings_of(word)}
            if root(word) in self._rarity:
                meanings.add(root(word))
            elif language == "de" and (tail := self._last_part(word)):
                weight = _PART * self._rarity[tail]
                found.setdefault(frozenset({tail}), Word(frozenset({tail}), weight))
            is_typo = not is_known and not meanings and word not in names
            if is_typo and len(word) >= _LONG_WORD:
                close = get_close_matches(word, self._similar(word), 1, _TYPO)
                meanings |= {self._words[each] for each in close}
            stems = frozenset(each for each in (own, *meanings) if each in self._rarity)
            itself = stems & {own, root(word)}
            if stems:
                weight = min(_RAREST, *(self._rarity[each] for each in itself or stems))
            else:
                weight = _weight_of_unknown(word, language, is_name=word in names)
            found.setdefault(stems or frozenset({own}), Word(stems, weight, itself))
        return list(found.values())

    def _last_part(self, word: str) -> str | None:
        """Return the root of the longest known word that a German word ends with, if any."""
        for first in range(_LONG_WORD - 1, len(word) - _LONG_WORD + 1):
            if root(word[first:]) in self._rarity:
                return root(word[first:])
        return None

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
        self,
        asked: Sequence[Word],
        likenesses: Mapping[str, float],
        page: str | None,
        lesser: frozenset[str],
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
        pages = self._page_scores(asked, likenesses)
        best_page = max(pages.values()) or 1.0
        found = dict(rows)
        best = max(found.values(), default=1.0)
        likely = sorted(pages, key=lambda name: -pages[name])[:_LIKELY_PAGES]
        for name in {*likely} - {self._blocks[number].page for number in found}:
            here = self._numbers[name]
            number = max(here, key=lambda number: self._spoken_of(asked, number))
            found.setdefault(number, 0.0)
        scores = {}
        for number, score in found.items():
            name = self._blocks[number].page
            by_block = score / best * (0.3 + self._spoken_of(asked, number))
            by_page = pages[name] / best_page
            counts = (_HERE if name == page else 1) * (_REFERENCE_COUNTS if name in lesser else 1)
            scores[number] = (by_block + _PAGE * by_page) * counts
        return sorted(scores, key=lambda number: (-scores[number], number))

    def _page_scores(
        self, asked: Sequence[Word], likenesses: Mapping[str, float]
    ) -> Mapping[str, float]:
        """Return how much each page is about it: often named in it, and by its title."""
        scores = dict.fromkeys(self._pages, 0.0)
        for word in asked:
            for name, page in self._pages.items():
                count = sum(page.counts.get(each, 0) for each in word.stems)
                share = count / (count + 1.5 * (0.4 + 0.6 * page.length)) if count else 0
                titled = _TITLE if word.stems & page.title else 0
                asked_for = _ASKED * self._phrases.has(name, word)
                scores[name] += word.weight * (share + titled + asked_for)
        return {name: score * (1 + _PHRASE * likenesses[name]) for name, score in scores.items()}

    def _answers(self, asked: Sequence[Word], number: int, likenesses: Mapping[str, float]) -> bool:
        name = self._blocks[number].page
        page = self._pages[name]
        total = sum(word.weight for word in asked)
        on_page = sum(
            word.weight
            for word in asked
            if word.stems & page.counts.keys() or self._phrases.has(name, word)
        )
        if on_page / total < _ON_PAGE:
            return False
        return self._spoken_of(asked, number) + _PHRASE_ANSWERS * likenesses[name] >= _IN_BLOCK

    def _spoken_of(self, asked: Sequence[Word], number: int) -> float:
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
    asked = {
        name: (*asked_phrases().get(name, ()), *_translated_headings(name)) for name in page_names()
    }
    return Manual([read_page(name) for name in page_names()], asked)


def _translated_headings(name: str) -> list[str]:
    """Return title and headings of a page in the languages that it is translated into."""
    translated = (read_page(name, language).text for language in languages_of(name)[1:])
    return [
        line.lstrip("# ") for text in translated for line in text.splitlines() if line[:1] == "#"
    ]


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
