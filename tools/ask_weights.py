"""Learn which page a question asks for from the phrases with which people ask for the pages.

Run as `python -m tools.ask_weights` after a phrase has changed; it takes some minutes. For each
page a linear support vector machine with squared hinge loss tells its phrases from all others, by
dual coordinate descent (Hsieh and others, 2008), all pages at once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
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
# What the manual does not treat has no end, and few phrases: each of them costs so many times more.
_OUTSIDE_COST = 2
_ROUNDS = 6

_Example = tuple[int, list[tuple[str, float]]]


def main() -> None:
    """Learn the weights and write them."""
    phrases = phrases_by_page()
    pages = [*dict.fromkeys(page for page, _phrase in phrases if page != OUTSIDE), OUTSIDE]
    found = [features_of(phrase) for _page, phrase in phrases]
    counts = Counter(feature for words, groups in found for feature in words | groups)
    total = len(phrases)
    rarities = {
        feature: rarity(total, count)
        for feature, count in sorted(counts.items())
        if count >= _FEWEST
    }
    rarest = rarity(total, 1)
    numbers = {page: number for number, page in enumerate(pages)}
    examples = [
        (numbers[page], sorted(values_of(phrase, rarities, rarest))) for page, phrase in phrases
    ]
    bases, weights = learn(examples, len(pages))
    lines = [digest_of(phrases), " ".join(pages), " ".join(f"{each:.3f}" for each in bases)]
    lines.append(str(rarest))
    lines += (f"{each}\t{written(rarities[each], weights[each])}" for each in rarities)
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def learn(
    examples: Sequence[_Example], pages: int, rounds: int = _ROUNDS
) -> tuple[list[float], dict[str, list[float]]]:
    """Return the bases of the pages, the last of which is `OUTSIDE`, and the features' weights."""
    lenient, strict = 1 / (2 * _COST), 1 / (2 * _COST * _OUTSIDE_COST)
    bases = [0.0] * pages
    weights = {feature: [0.0] * pages for _page, values in examples for feature, _value in values}
    duals = [[0.0] * pages for _example in examples]
    order = list(range(len(examples)))
    shuffled = random.Random(1)  # noqa: S311
    for _round in range(rounds):
        shuffled.shuffle(order)
        for at in order:
            page, values = examples[at]
            scores = bases
            for feature, value in values:
                row = weights[feature]
                scores = [score + value * weight for score, weight in zip(scores, row, strict=True)]
            length = 1 + sum(value**2 for _feature, value in values)
            changes = []
            for other, (score, dual) in enumerate(zip(scores, duals[at], strict=True)):
                side = 1 if other == page else -1
                slack = strict if other == page == pages - 1 else lenient
                new = max(0.0, dual - (side * score - 1 + slack * dual) / (length + slack))
                if new != dual:
                    duals[at][other] = new
                    changes.append((other, side * (new - dual)))
            for other, change in changes:
                bases[other] += change
            for feature, value in values:
                row = weights[feature]
                for other, change in changes:
                    row[other] += change * value
    return bases, weights


if __name__ == "__main__":
    main()
