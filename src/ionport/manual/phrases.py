"""Phrases with which people ask for a page: which page has the likest one to a question."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from ionport.manual.meaning import Word
from ionport.manual.ranking import Postings

# A word of a phrase stands in it as an English stem and as a root: each counts half of its length.
_FORMS = 2


class Phrases:
    """The phrases of each page, each as the terms of its words."""

    def __init__(
        self, phrases: Sequence[Collection[str]], page_of: Sequence[int], pages: int
    ) -> None:
        """Keep phrases by the numbers of their pages, of which there are `pages`."""
        self._count = pages
        self._pages = page_of
        self.texts = Postings(phrases)
        squares = self.texts.squares()
        self._lengths = [
            math.sqrt(sum(map(squares.__getitem__, terms)) / _FORMS) or 1.0 for terms in phrases
        ]

    def likenesses(self, asked: Sequence[Word]) -> list[float]:
        """Return, by page, how like its likest phrase is to the question: the cosine, 0 to 1."""
        shared: dict[int, float] = {}
        for word in asked:
            for number, grade in self.texts.have(word.terms).items():
                shared[number] = shared.get(number, 0.0) + word.weight**2 * grade
        length = math.sqrt(sum(word.weight**2 for word in asked)) or 1.0
        likest = [0.0] * self._count
        for number, product in shared.items():
            page = self._pages[number]
            likest[page] = max(likest[page], min(1.0, product / (length * self._lengths[number])))
        return likest
