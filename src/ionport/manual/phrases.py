"""Phrases with which people ask: which page, and which row, has the likest one to a question."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ionport.manual.meaning import Word
from ionport.manual.ranking import Postings

# A word of a phrase stands in it as an English stem and as a root: each counts half of its length.
_FORMS = 2


@dataclass(frozen=True, slots=True)
class Likenesses:
    """How like the likest phrase is to a question, 0 to 1: by page, and by block of a row."""

    of_pages: Sequence[float]
    of_rows: Mapping[int, float]


class Phrases:
    """The phrases of each page, each as the terms of its words."""

    def __init__(
        self,
        phrases: Sequence[Collection[str]],
        page_of: Sequence[int],
        pages: int,
        row_of: Mapping[int, int],
    ) -> None:
        """Keep phrases by the numbers of their pages, of which there are `pages`.

        `row_of`: the number of the block, for phrases of a row.
        """
        self._count = pages
        self._pages = page_of
        self._row_of = row_of
        self.texts = Postings(phrases)
        squares = self.texts.squares()
        self._lengths = [
            math.sqrt(sum(map(squares.__getitem__, terms)) / _FORMS) or 1.0 for terms in phrases
        ]

    def likenesses(self, asked: Sequence[Word]) -> Likenesses:
        """Return how like the likest phrases are to the question: the cosine."""
        shared: dict[int, float] = {}
        for word in asked:
            for number, grade in self.texts.have(word.terms).items():
                shared[number] = shared.get(number, 0.0) + word.weight**2 * grade
        length = math.sqrt(sum(word.weight**2 for word in asked)) or 1.0
        pages = [0.0] * self._count
        rows: dict[int, float] = {}
        for number, product in shared.items():
            likeness = min(1.0, product / (length * self._lengths[number]))
            page = self._pages[number]
            pages[page] = max(pages[page], likeness)
            if (row := self._row_of.get(number)) is not None:
                rows[row] = max(rows.get(row, 0.0), likeness)
        return Likenesses(pages, rows)
