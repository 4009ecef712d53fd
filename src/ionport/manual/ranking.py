"""BM25 over texts that are given as terms: which of them have a word, and with which score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

# How soon further mentions of a term stop to count, and how much long texts are marked down.
_SATURATION = 1.2
_LENGTH = 0.4


class Texts:
    """Texts by number, each a bag of terms with how much each of them counts there."""

    def __init__(self, bags: Sequence[Mapping[str, float]]) -> None:
        """Index the bags."""
        self.count = len(bags)
        sizes = [sum(bag.values()) for bag in bags]
        mean = sum(sizes) / max(1, len(sizes)) or 1.0
        self._with: dict[str, dict[int, float]] = {}
        for number, bag in enumerate(bags):
            slow = _SATURATION * (1 - _LENGTH + _LENGTH * sizes[number] / mean)
            for term, count in bag.items():
                self._with.setdefault(term, {})[number] = count / (count + slow)

    def __contains__(self, term: str) -> bool:
        """Tell whether a text has the term."""
        return term in self._with

    def count_with(self, terms: Sequence[str]) -> int:
        """Return how many texts have one of the terms."""
        return len(set().union(*(self._with.get(term, ()) for term in terms)))

    def rarity(self, term: str) -> float:
        """Return what a term weighs: the more, the fewer texts have it."""
        return rarity(self.count, len(self._with.get(term, ())))

    def have(self, terms: Mapping[str, float]) -> dict[int, float]:
        """Return the texts that have one of the terms, with the grade of the best of them."""
        found: dict[int, float] = {}
        for term, grade in terms.items():
            for number in self._with.get(term, ()):
                if grade > found.get(number, 0.0):
                    found[number] = grade
        return found

    def speak_of(self, terms: Mapping[str, float]) -> dict[int, float]:
        """Return the texts that have one of the terms: how much each speaks of the best of them.

        `terms`: each with its grade, 1 for the word itself and less for another one in its place.
        """
        found: dict[int, float] = {}
        for term, grade in terms.items():
            for number, share in self._with.get(term, {}).items():
                if share * grade > found.get(number, 0.0):
                    found[number] = share * grade
        return found


def rarity(total: int, count: int) -> float:
    """Return what a term weighs that `count` of `total` texts have, 6 at most."""
    return min(6.0, math.log(1 + total / (0.5 + count)))
