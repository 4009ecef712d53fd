"""What a question is about: its words, each with the terms of the manual that stand for it.

A word is looked for as it is (stems and roots), by a synonym (`synonyms.tsv`), as a German compound
of known words, and as a known word that was typed wrong, in this order.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ionport.manual.language import (
    folded,
    is_empty_word,
    meanings_of,
    root,
    stem,
    words_of,
)
from ionport.manual.ranking import Searched, rarity

# What another word counts in the place of the one that was asked.
_SYNONYM = 0.5
_PART = 0.6
_TYPO = 0.7
# What a word weighs that the manual does not have.
_UNKNOWN = 4.0
# The code of a program, such as `ABC100`, says alone what a question is about.
_CODE = re.compile(r"[a-z]+\d+[a-z]*")
_NAME = re.compile(r"(?<=\s)[A-ZÄÖÜÉ][\w-]*|^[A-ZÄÖÜÉ][\w-]*|\w*\d\w*")
_SHORTEST_TYPO = 5
# So much of their groups of three letters do a word and the one that was meant share (Dice).
_ALIKE = 0.66
_LONGER = 2
# A part of a compound has four letters and more; between two parts stands one of these.
_SHORTEST_PART = 4
_SHORTEST_COMPOUND = 9
_JOINTS = ("", "s", "n", "es", "en", "e")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question: the terms that stand for it, with their grades, and its weight."""

    terms: Mapping[str, float]
    weight: float


@dataclass(frozen=True, slots=True)
class Meaning:
    """The words that carry meaning; whether one is the code of a program that no page knows."""

    words: tuple[Word, ...]
    has_unknown_code: bool


class Vocabulary:
    """The words of the manual: makes the meaning of questions."""

    def __init__(
        self, words: Collection[str], german: frozenset[str], texts: Sequence[Searched]
    ) -> None:
        """Take the words of all pages and phrases, those of German pages, and the texts."""
        self._texts = texts
        self._german = german
        self._german_roots = frozenset(map(root, german))
        self._total = sum(each.count for each in texts)
        self._words = words

    @cached_property
    def _alike(self) -> Mapping[str, Sequence[str]]:
        """The words by their groups of three letters."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._words:
            if word.isalpha() and len(word) >= _SHORTEST_PART:
                for group in _groups(word):
                    found[group].append(word)
        return dict(found)

    def meaning_of(self, question: str) -> Meaning:
        """Return what a question is about."""
        names = {folded(name) for name in _NAME.findall(question)}
        found: dict[str, Word] = {}
        has_unknown_code = False
        for word in self._without_parts(words_of(question)):
            if is_empty_word(word) or word in found:
                continue
            terms = self._terms_of(word, is_name=word in names)
            if terms:
                found[word] = Word(terms, self._weight(terms))
            elif _CODE.fullmatch(word):
                has_unknown_code = True
            elif word.isalnum() and not word.isdigit():
                found[word] = Word({}, _UNKNOWN)
        return Meaning(tuple(found.values()), has_unknown_code)

    def _is_known(self, term: str) -> bool:
        return any(term in each for each in self._texts)

    def _known(self, words: Sequence[str], grade: float) -> dict[str, float]:
        terms = (term for word in words for term in (stem(word), root(word)))
        return {term: grade for term in terms if self._is_known(term)}

    def _terms_of(self, word: str, *, is_name: bool) -> dict[str, float]:
        if own := self._known([word], 1.0):
            return own
        if parts := self._known(self._parts_of(word), _PART):
            return parts
        synonyms = [stem(each) for each in meanings_of(word)]
        if known := {each: _SYNONYM for each in synonyms if self._is_known(each)}:
            return known
        if is_name or not word.isalpha() or len(word) < _SHORTEST_TYPO:
            return {}
        return self._known(self._meant_by(word), _TYPO)

    def _weight(self, terms: Mapping[str, float]) -> float:
        count = sum(each.count_with(tuple(terms)) for each in self._texts)
        return rarity(self._total, count)

    def _without_parts(self, words: Sequence[str]) -> list[str]:
        """Return the words without the parts of names that the manual has, as `document_types`."""
        found: list[str] = []
        parts = 0
        for word in words:
            if parts:
                parts -= 1
                continue
            found.append(word)
            if "_" in word and self._is_known(stem(word)):
                parts = len(words_of(word)) - 1
        return found

    def _parts_of(self, word: str) -> tuple[str, ...]:
        """Return the two known words of which a German compound is made, or nothing."""
        if len(word) < _SHORTEST_COMPOUND or not word.isalpha():
            return ()
        for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
            if not self._is_german(word[at:]):
                continue
            for joint in _JOINTS:
                head = word[:at].removesuffix(joint)
                is_joined = word[:at] == head + joint
                if is_joined and len(head) >= _SHORTEST_PART and self._is_german(head):
                    return (head, word[at:])
        return ()

    def _is_german(self, word: str) -> bool:
        return word in self._german or root(word) in self._german_roots

    def _meant_by(self, word: str) -> tuple[str, ...]:
        """Return the known word that is spelt most like a word, or nothing."""
        groups = _groups(word)
        shared = Counter(each for group in groups for each in self._alike.get(group, ()))
        likeness = {
            each: 2 * count / (len(groups) + len(each))
            for each, count in shared.items()
            if abs(len(each) - len(word)) <= _LONGER
        }
        best = max(likeness, key=lambda each: likeness[each], default=None)
        return () if best is None or likeness[best] < _ALIKE else (best,)


def _groups(word: str) -> tuple[str, ...]:
    """Return the groups of three letters of a word, its beginning and its end marked."""
    marked = f"^{word}$"
    return tuple(dict.fromkeys(marked[at : at + 3] for at in range(len(marked) - 2)))
