"""Which page a question asks for, as learnt from the phrases with which people ask for each page.

A linear classifier: each page, and `OUTSIDE` for what the manual does not treat, has a weight for
each word, pair of words, stem and group of three or four letters. `python -m tools.ask_weights`
learns them from the phrases and writes `asked_weights.txt`; no question of the evaluation is learnt
from.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

from ionport.manual.language import (
    asked_phrases,
    is_empty_word,
    outside_phrases,
    root,
    stem,
    words_of,
)

OUTSIDE = "outside"
"""The name of what is no page: what the manual does not treat."""
WEIGHTS_FILE = "asked_weights.txt"
# Words that carry meaning and how a question is put count more together than spelling.
_WORDS = 1.4
_SPELLING = 1.0
_GROUPS = (3, 4)
# A weight is a count of steps, written as the character so far from the middle one.
STEP = 0.05
MOST_STEPS = 45
_FEWEST_STEPS = 2
_FIRST = ord("!")
_MIDDLE = ord("P")
# A rarity is written as one character, in eighths.
_RARITY = 8

Features = tuple[frozenset[str], frozenset[str]]
"""Features of a text: words, pairs and forms; groups of letters."""


def phrases_by_page() -> list[tuple[str, str]]:
    """Return what the weights are learnt from: each phrase with its page, or `OUTSIDE`."""
    asked = asked_phrases().items()
    pages = [(key.partition("#")[0], each) for key, phrases in asked for each in phrases]
    return [*pages, *((OUTSIDE, phrase) for phrase in outside_phrases())]


def digest_of(phrases: Iterable[tuple[str, Features]]) -> str:
    """Return the digest of pages with features of phrases: other ones need other weights."""
    digest = hashlib.sha256()
    for page, (words, groups) in phrases:
        digest.update("\t".join((page, *sorted(words | groups))).encode())
    return digest.hexdigest()


def features_of(text: str) -> Features:
    """Return words, pairs, stems and roots of a text, and the groups of letters in it."""
    words = words_of(text)
    content = [word for word in words if not is_empty_word(word)]
    forms = {form for word in content for form in (f"={stem(word)}", f"={root(word)}")}
    pairs = (f"{first} {second}" for first, second in pairwise(words))
    marked = (f"^{word}$" for word in content)
    groups = (
        each[at : at + size]
        for each in marked
        for size in _GROUPS
        for at in range(len(each) - size + 1)
    )
    return frozenset((*words, *pairs, *forms)), frozenset(f"+{group}" for group in groups)


def values_of(
    features: Features, rarities: Mapping[str, float], rarest: float
) -> Iterator[tuple[str, float]]:
    """Yield the known features of a text with their values; `rarest`: that of unknown ones."""
    for kind, weight in zip(features, (_WORDS, _SPELLING), strict=True):
        known = {each: rarities.get(each, rarest) for each in kind}
        length = math.sqrt(sum(rarity**2 for rarity in known.values())) or 1.0
        for feature, rarity in known.items():
            if feature in rarities:
                yield feature, weight * rarity / length


@dataclass(frozen=True, slots=True)
class Judged:
    """What a question asks for, by what was learnt.

    `pages`: how surely for each page, about 1 if so, about -1 if not; `inside`: how much more
    surely for one of them than for what the manual does not treat.
    """

    pages: Mapping[str, float]
    inside: float


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt from the phrases.

    `phrases`: the digest of those that it was learnt from; `bases`: what each page has before any
    feature; `weights`: by feature, as `written` writes them.
    """

    phrases: str
    pages: Sequence[str]
    bases: Sequence[float]
    rarest: float
    rarities: Mapping[str, float]
    weights: Mapping[str, str]

    def judge(self, question: str) -> Judged:
        """Return what a question asks for."""
        # The number of a page is written with `_FIRST` added.
        found = [0.0] * _FIRST + list(self.bases)
        for feature, value in values_of(features_of(question), self.rarities, self.rarest):
            unit = value * STEP
            written = iter(self.weights[feature][1:].encode("ascii"))
            for page, count in zip(written, written, strict=True):
                found[page] += unit * (count - _MIDDLE)
        pages = dict(zip(self.pages, found[_FIRST:], strict=True))
        outside = pages.pop(OUTSIDE)
        return Judged(pages, max(pages.values()) - outside)


def rarity(total: int, count: int) -> float:
    """Return what a feature weighs that `count` of `total` phrases have, as it can be written."""
    return round((math.log(total / count) + 1) * _RARITY) / _RARITY


def written(rarity: float, weights: Sequence[float]) -> str:
    """Return a feature's rarity and weights by page as they are kept, the least ones left out."""
    steps = (max(-MOST_STEPS, min(MOST_STEPS, round(each / STEP))) for each in weights)
    strong = ((at, count) for at, count in enumerate(steps) if abs(count) >= _FEWEST_STEPS)
    kept = (chr(_FIRST + at) + chr(_MIDDLE + count) for at, count in strong)
    return chr(_FIRST + round(rarity * _RARITY)) + "".join(kept)


@cache
def learnt() -> Learnt:
    """Return what was learnt from the phrases, read once."""
    text = resources.files(__package__).joinpath(WEIGHTS_FILE).read_text(encoding="utf-8")
    phrases, pages, bases, rarest, *features = text.splitlines()
    weights = dict(line.split("\t", 1) for line in features)
    return Learnt(
        phrases,
        pages.split(),
        [float(each) for each in bases.split()],
        float(rarest),
        {each: (ord(written[0]) - _FIRST) / _RARITY for each, written in weights.items()},
        weights,
    )
