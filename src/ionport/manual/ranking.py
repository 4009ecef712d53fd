"""BM25 over texts that are given as terms: which of them have a word, and with which score."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache

# How soon further mentions of a term stop to count, and how much long texts are marked down.
_SATURATION = 1.2
_LENGTH = 0.4
# Of so many terms it is kept how much the texts speak of them.
_KEPT = 1_024


class Searched(ABC):
    """Texts by number, which are asked for terms. `count`: how many there are."""

    count: int

    @abstractmethod
    def having(self, term: str) -> Collection[int]:
        """Return the texts that have a term, in their order."""

    def __contains__(self, term: str) -> bool:
        """Tell whether a text has the term."""
        return bool(self.having(term))

    def count_with(self, terms: Sequence[str]) -> int:
        """Return how many texts have one of the terms."""
        return len(set().union(*map(self.having, terms)))

    def have(self, terms: Mapping[str, float]) -> dict[int, float]:
        """Return the texts that have one of the terms, with the grade of the best of them."""
        # The longest first, which are taken over whole.
        known = sorted(((self.having(term), grade) for term, grade in terms.items()), key=_length)
        found = dict.fromkeys(*known[0]) if known else {}
        for numbers, grade in known[1:]:
            for number in numbers:
                if grade > found.get(number, 0.0):
                    found[number] = grade
        return found


class Postings(Searched):
    """Texts that are sets of terms."""

    def __init__(self, texts: Iterable[Iterable[str]]) -> None:
        """Index the texts; a term comes once in each."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        self.count = 0
        for number, terms in enumerate(texts):
            self.count = number + 1
            for term in terms:
                found[term].append(number)
        self._having: Mapping[str, Sequence[int]] = dict(found)

    def having(self, term: str) -> Sequence[int]:
        """Return the texts that have a term, in their order."""
        return self._having.get(term, ())

    def squares(self) -> Mapping[str, float]:
        """Return what each term weighs, squared: the more, the fewer texts have it."""
        return {term: rarity(self.count, len(own)) ** 2 for term, own in self._having.items()}


class Texts(Searched):
    """Texts that are bags of terms: how much one counts there is told when it is asked for."""

    def __init__(
        self, sizes: Sequence[float], counts_of: Callable[[str], Mapping[int, float]]
    ) -> None:
        """Take the sum of the counts in each text, and what tells those of a term by texts."""
        self.count = len(sizes)
        mean = sum(sizes) / max(1, len(sizes)) or 1.0
        self._slow = [_SATURATION * (1 - _LENGTH + _LENGTH * size / mean) for size in sizes]
        self._counts_of = counts_of
        self._kept = lru_cache(_KEPT)(self._shares_of)

    def having(self, term: str) -> Mapping[int, float]:
        """Return the texts that have a term, in their order: how much each speaks of it."""
        return self._kept(term)

    def speak_of(self, terms: Mapping[str, float]) -> Mapping[int, float]:
        """Return the texts that have one of the terms: how much each speaks of the best of them.

        `terms`: each with its grade, 1 for the word itself and less for another one in its place.
        """
        found: dict[int, float] = {}
        known = ((self.having(term), grade) for term, grade in terms.items())
        for shares, grade in sorted(known, key=_length):
            if not found:
                found = {number: share * grade for number, share in shares.items()}
                continue
            for number, share in shares.items():
                if share * grade > found.get(number, 0.0):
                    found[number] = share * grade
        return found

    def _shares_of(self, term: str) -> Mapping[int, float]:
        counts = sorted(self._counts_of(term).items())
        return {number: count / (count + self._slow[number]) for number, count in counts}


def _length(known: tuple[Collection[int], float]) -> int:
    return -len(known[0])


def rarity(total: int, count: int) -> float:
    """Return what a term weighs that `count` of `total` texts have, 6 at most."""
    return min(6.0, math.log(1 + total / (0.5 + count)))
