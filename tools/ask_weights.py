"""Learn which page a question asks for from the phrases with which people ask for the pages.

Run as `python -m tools.ask_weights` after a phrase has changed. For each
page a linear support vector machine with squared hinge loss tells its phrases from all others, by
dual coordinate descent (Hsieh and others, 2008), all pages at once.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import mul
from pathlib import Path

from ionport.manual.learnt import (
    OUTSIDE,
    WEIGHTS_FILE,
    digest_of,
    features_of,
    phrases_by_page,
    rarity,
    values_of,
    written,
)

FILE = Path(__file__).parents[1] / "src" / "ionport" / "manual" / WEIGHTS_FILE
# A feature of fewer phrases is not learnt.
_FEWEST = 5
# How much a phrase on the wrong side costs, against large weights.
_COST = 0.3
_SLACK = 1 / (2 * _COST)
_ROUNDS = 6

# Values and dual variables are counts of such parts; a weight is one of parts of both.
_VALUE = 1 << 18
_DUAL = 1 << 16
_ONE = _DUAL * _VALUE * _VALUE
_BASE = ""

_Values = list[tuple[str, float]]
_Example = tuple[int, _Values]


def main() -> None:
    """Learn the weights and write them."""
    phrases = phrases_by_page()
    pages = [*dict.fromkeys(page for page, _phrase in phrases if page != OUTSIDE), OUTSIDE]
    found = [(page, features_of(phrase)) for page, phrase in phrases]
    counts = Counter(feature for _page, (words, groups) in found for feature in words | groups)
    total = len(phrases)
    rarities = {
        feature: rarity(total, count)
        for feature, count in sorted(counts.items())
        if count >= _FEWEST
    }
    rarest = rarity(total, 1)
    numbers = {page: number for number, page in enumerate(pages)}
    examples = [
        (numbers[page], sorted(values_of(features, rarities, rarest))) for page, features in found
    ]
    bases, weights = learn(examples, len(pages))
    lines = [digest_of(found), " ".join(pages), " ".join(f"{each:.3f}" for each in bases)]
    lines.append(str(rarest))
    lines += (f"{each}\t{written(rarities[each], weights[each])}" for each in rarities)
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def learn(
    examples: Sequence[_Example], pages: int, rounds: int = _ROUNDS
) -> tuple[list[float], dict[str, list[float]]]:
    """Return the bases of the pages, the last of which is `OUTSIDE`, and the features' weights."""
    lanes = _Lanes(pages)
    # A page's base is the weight of a feature that each example has.
    rows = {_BASE: 0, **{feature: 0 for _page, values in examples for feature, _value in values}}
    known = [_Known(page, [(_BASE, 1.0), *values], pages) for page, values in examples]
    shuffled = random.Random(1)  # noqa: S311
    for _round in range(rounds):
        shuffled.shuffle(known)
        for each in known:
            scores = sum(map(mul, each.values, map(rows.__getitem__, each.features)))
            change = lanes.packed(each.changes(lanes.unpacked(scores)))
            if change:
                for feature, value in zip(each.features, each.values, strict=True):
                    rows[feature] += value * change
    scale = _DUAL * _VALUE
    weights = {
        feature: [each / scale for each in lanes.unpacked(row)] for feature, row in rows.items()
    }
    return weights.pop(_BASE), weights


class _Known:
    """An example with its dual variables, in whole numbers: by page, how much it counts there."""

    def __init__(self, page: int, values: _Values, pages: int) -> None:
        self._page = page
        self.features = [feature for feature, _value in values]
        self.values = [round(value * _VALUE) for _feature, value in values]
        self._length = sum(value**2 for _feature, value in values)
        self._duals = [0] * pages

    def changes(self, scores: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Yield by which the weights change: pages, each with what the example's values count."""
        for page, (score, dual) in enumerate(zip(scores, self._duals, strict=True)):
            is_own = page == self._page
            if not dual and score <= -_ONE and not is_own:
                continue
            side = 1 if is_own else -1
            gradient = side * score / _VALUE / _VALUE - _DUAL + _SLACK * dual
            new = max(0, round(dual - gradient / (self._length + _SLACK)))
            if new != dual:
                self._duals[page] = new
                yield page, side * (new - dual)


class _Lanes:
    """Vectors of whole numbers, one for each page, in one number: 64 bits for each of them.

    To add such numbers, and to multiply them, does so with all of a vector at once.
    """

    def __init__(self, pages: int) -> None:
        self._bytes = 8 * pages
        # Makes no number of a vector negative.
        self._lift = sum(1 << (64 * page + 63) for page in range(pages))

    def packed(self, numbers: Iterable[tuple[int, int]]) -> int:
        """Return a vector that has these numbers at these places, and 0 elsewhere."""
        return sum(number << (64 * place) for place, number in numbers)

    def unpacked(self, packed: int) -> list[int]:
        """Return the numbers of a vector."""
        lifted = (packed + self._lift).to_bytes(self._bytes, sys.byteorder)
        return [each - (1 << 63) for each in memoryview(lifted).cast("Q")]


if __name__ == "__main__":
    main()
