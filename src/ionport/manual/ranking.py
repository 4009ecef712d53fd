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
        known = self._longest_first(terms)
        found = dict.fromkeys(*known[0]) if known else {}
        for shares, grade in known[1:]:
            for number in shares:
                if grade > found.get(number, 0.0):
                    found[number] = grade
        return found

    def speak_of(self, terms: Mapping[str, float]) -> Mapping[int, float]:
        """Return the texts that have one of the terms: how much each speaks of the best of them.

        `terms`: each with its grade, 1 for the word itself and less for another one in its place.
        """
        found: dict[int, float] = {}
        for shares, grade in self._longest_first(terms):
            if not found:
                found = {number: share * grade for number, share in shares.items()}
                continue
            for number, share in shares.items():
                if share * grade > found.get(number, 0.0):
                    found[number] = share * grade
        return found

    def _longest_first(self, terms: Mapping[str, float]) -> list[tuple[Mapping[int, float], float]]:
        """Return the texts of each term with its grade; the first are taken over whole."""
        known: list[tuple[Mapping[int, float], float]] = [
            (self._with[term], grade) for term, grade in terms.items() if term in self._with
        ]
        known.sort(key=lambda each: -len(each[0]))
        return known


def rarity(total: int, count: int) -> float:
    """Return what a term weighs that `count` of `total` texts have, 6 at most."""
    return min(6.0, math.log(1 + total / (0.5 + count)))
