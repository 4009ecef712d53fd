"""Texts of errors and findings in the manual's tables: a question with one finds its row.

A text is compared whole, and sentence by sentence: a page may show the first one alone, and who
pastes it may leave out the others. What stands in the place of `…` is a value and counts little.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, combinations
from sys import intern
from typing import NamedTuple

from ionport.manual.language import folded, names_of, words_of
from ionport.manual.sections import Block

_ITALIC = re.compile(r"(?<!\*)\*([^*]+)\*(?!\*)")
# What a question says about a text stands around its quotation marks.
_MARKS = re.compile('[„“”«"»]')
_SHORTEST_MARKED = 8
# A value may touch letters: `…s`, `Custom_…`, `….previous`.
_GAP = re.compile(r"[\w.-]*…[\w.-]*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
# Pages whose rows have the text of a rule in a cell of its own.
_WHOLE_CELLS = frozenset({"rules", "mapping-rules"})
# A name such as `BT-13` or `invalid_client` is one word, though it is found by its parts too; `…`
# is none.
_FEWEST_WORDS = 3
# So much of a text stands in the question, and so much of the question is the text.
_OF_TEXT = 0.85
_OF_QUESTION = 0.6
# Of a value so many words are not counted, and fewer where the text is short: else every question
# with `cannot be read` in it would be `… cannot be read: …`.
_LONGEST_VALUE = 4
_SHARE_OF_VALUE = 2
# What a word of a value counts against a text, and a place without a value.
_VALUE = 0.1
_NO_VALUE = 0.5
# What the words count that do not stand in their order, or of which some are missing.
_UNORDERED = 0.75


class _Text(NamedTuple):
    """A text, or some of its sentences: its words before, between and after its values."""

    place: int
    parts: tuple[str, ...]
    length: int
    is_whole: bool

    @property
    def words(self) -> frozenset[str]:
        """The words, those of which a name is made included."""
        return frozenset(words_of("".join(self.parts)))


class QuotedTexts:
    """The texts by their words; `find` tells which block has the one that was pasted."""

    def __init__(self, blocks: Iterable[tuple[int, Block]]) -> None:
        """Take the texts of all rows: a block and its translations come with the same place."""
        self._texts = [text for place, block in blocks for text in _texts_of(place, block)]
        self._with: dict[str, list[int]] = {}
        words = [tuple(map(intern, text.words)) for text in self._texts]
        often = Counter(word for each in words for word in each)
        for number, each in enumerate(words):
            # A question that has enough of a text has one of these words, its rarest ones.
            missing = int((1 - _OF_TEXT) * len(each)) if self._texts[number].is_whole else 0
            for word in sorted(each, key=lambda word: (often[word], word))[: missing + 1]:
                self._with.setdefault(word, []).append(number)

    def find(self, question: str) -> int | None:
        """Return the place of the first block that `find_all` finds, or None."""
        return next(iter(self.find_all(question)), None)

    def find_all(self, question: str) -> list[int]:
        """Return the places of the blocks whose text a question is or has, in their order.

        A longer text comes before a shorter one, and a whole one before a sentence of another;
        several blocks may have the same.
        """
        best: tuple[float, int, bool] | None = None
        places = set[int]()
        for reading in _readings(question):
            spoken, asked = _spoken(reading), frozenset(words_of(reading))
            for number in {number for word in asked for number in self._with.get(word, ())}:
                text = self._texts[number]
                if (likeness := _likeness(text, spoken, asked)) is None:
                    continue
                found = (likeness, text.length, text.is_whole)
                if best is None or found >= best:
                    places = {text.place, *(places if found == best else ())}
                    best = found
        return sorted(places)


def _texts_of(place: int, block: Block) -> Iterator[_Text]:
    row = block.text.splitlines()[-1]
    if not row.startswith("|"):
        return
    cells = row.strip("| ").split(" | ")
    for text in chain(_ITALIC.findall(cells[0]), cells[2:] if block.page in _WHOLE_CELLS else ()):
        sentences = _SENTENCE.split(text)
        for first, end in combinations(range(len(sentences) + 1), 2):
            parts = tuple(_spaced(part) for part in _GAP.split(" ".join(sentences[first:end])))
            length = sum(part.count(" ") - 1 for part in parts if part)
            if length >= _FEWEST_WORDS:
                yield _Text(place, parts, length, end - first == len(sentences))


def _spaced(text: str) -> str:
    """Return the words of a text with a space around each, or nothing."""
    names = " ".join(names_of(folded(text)))
    return f" {names} " if names else ""


def _readings(question: str) -> set[str]:
    """Return what of a question may be the text: what is in quotation marks, and some lines."""
    pieces = _MARKS.split(question)
    lines = question.strip().splitlines()
    parts = (
        # A text may have marks of its own, and be a value of a JSON answer.
        *(piece for piece in (*pieces, *question.split('"')) if len(piece) >= _SHORTEST_MARKED),
        " ".join(pieces[1:-1]),
        # What failed stands above or before it, a number to report below.
        question.partition(": ")[2],
        "\n".join(lines[1:]),
        "\n".join(lines[:-1]),
    )
    return {question, *filter(None, parts)}


def _spoken(question: str) -> str:
    """Return the words of a question with a space around each, and `…` where that stands."""
    return " … ".join(map(_spaced, _GAP.split(question))).replace("  ", " ")


def _likeness(text: _Text, spoken: str, asked: frozenset[str]) -> float | None:
    """Return how many words a question has of a text, less those that only one of them has.

    None where it is no question with the text.
    """
    others = _other_words(text, spoken)
    if others is not None:
        is_like = text.length >= _OF_QUESTION * (text.length + others)
        return text.length - others if is_like else None
    if not text.is_whole:
        return None
    words = text.words
    shared = len(words & asked)
    if shared < _OF_TEXT * len(words) or shared < _OF_QUESTION * len(asked):
        return None
    length = min(text.length, spoken.replace(" …", "").count(" ") - 1)
    return _UNORDERED * length * shared / len(words) - len(words ^ asked)


def _other_words(text: _Text, spoken: str) -> float | None:
    """Return how many words of a question are neither a text's nor its values.

    None where the words of the text do not stand there in their order.
    """
    free = min(_LONGEST_VALUE, 1 + text.length // _SHARE_OF_VALUE)
    first, *rest = text.parts
    start = spoken.find(first)
    if start < 0:
        return None
    others, at = float(spoken.count(" ", 0, start)), start + max(0, len(first) - 1)
    allowed = 0
    for number, part in enumerate(rest, 1):
        allowed += free
        if not part and number < len(rest):
            continue
        found = spoken.find(part, at) if part else len(spoken) - 1
        if found < 0:
            return None
        value = spoken.count(" ", at, found)
        others += max(0, value - allowed) + _VALUE * min(value, allowed) if value else _NO_VALUE
        at, allowed = found + max(0, len(part) - 1), 0
    return others + spoken.count(" ", at, len(spoken) - 1)
