"""Phrases with which people ask for a page: how much of a question's meaning one of them has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_BY_SYNONYM = 0.6


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question: the stems that mean it, what it weighs, and the word itself."""

    stems: frozenset[str]
    weight: float
    own: frozenset[str] = frozenset()


class Phrases:
    """The phrases of each page, each as the stems and roots of its words."""

    def __init__(self, by_page: Mapping[str, Sequence[frozenset[str]]]) -> None:
        """Keep phrases by the names of their pages."""
        self._terms = {name: frozenset().union(*by_page[name]) for name in by_page}
        self._phrases = [(name, phrase) for name in by_page for phrase in by_page[name]]
        self._with: dict[str, set[int]] = {}
        for number, (_name, phrase) in enumerate(self._phrases):
            for each in phrase:
                self._with.setdefault(each, set()).add(number)

    def __iter__(self) -> Iterator[frozenset[str]]:
        """Yield what stands in each phrase."""
        return (phrase for _name, phrase in self._phrases)

    def __len__(self) -> int:
        """Return how many phrases there are."""
        return len(self._phrases)

    def has(self, name: str, word: Word) -> float:
        """Return 1 for a word that a page's phrases have, less when they have a synonym, or 0."""
        terms = self._terms[name]
        if word.own & terms:
            return 1.0
        return _BY_SYNONYM if word.stems & terms else 0.0

    def likenesses(self, asked: Sequence[Word]) -> Mapping[str, float]:
        """Return, by page, how much of a question its likest phrase has, from 0 to 1."""
        found: dict[int, float] = {}
        for word in asked:
            same = self._numbers(word.own)
            for number in self._numbers(word.stems):
                grade = 1.0 if number in same else _BY_SYNONYM
                found[number] = found.get(number, 0.0) + word.weight * grade
        total = sum(word.weight for word in asked)
        likest = dict.fromkeys(self._terms, 0.0)
        for number, weight in found.items():
            name = self._phrases[number][0]
            likest[name] = max(likest[name], weight / total)
        return likest

    def _numbers(self, stems: frozenset[str]) -> set[int]:
        return {number for each in stems for number in self._with.get(each, ())}
