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
# What makes up less of a phrase than this is common, and is not compared.
_LEAST_SHARE = 0.08


def phrases_by_page() -> list[tuple[str, str]]:
    """Return what the weights are learnt from: each phrase with its page, or `OUTSIDE`."""
    asked = asked_phrases().items()
    pages = [(key.partition("#")[0], each) for key, phrases in asked for each in phrases]
    return [*pages, *((OUTSIDE, phrase) for phrase in outside_phrases())]


def digest_of(phrases: Iterable[tuple[str, str]]) -> str:
    """Return the digest of phrases and their features: other ones need other weights."""
    digest = hashlib.sha256()
    for page, phrase in phrases:
        words, groups = features_of(phrase)
        digest.update("\t".join((page, *sorted(words | groups))).encode())
    return digest.hexdigest()


def features_of(text: str) -> tuple[frozenset[str], frozenset[str]]:
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
    text: str, rarities: Mapping[str, float], rarest: float
) -> Iterator[tuple[str, float]]:
    """Yield the known features of a text with their values; `rarest`: that of unknown ones."""
    for features, weight in zip(features_of(text), (_WORDS, _SPELLING), strict=True):
        known = {each: rarities.get(each, rarest) for each in features}
        length = math.sqrt(sum(rarity**2 for rarity in known.values())) or 1.0
        for feature, rarity in known.items():
            if feature in rarities:
                yield feature, weight * rarity / length


@dataclass(frozen=True, slots=True)
class Judged:
    """What a question asks for, by what was learnt.

    `pages`: how surely for each page, about 1 if so, about -1 if not; `inside`: how much more
    surely for one of them than for what the manual does not treat; `likeness`: how like the
    question is to the likest phrase of that, the cosine, 0 to 1.
    """

    pages: Mapping[str, float]
    inside: float
    likeness: float


@dataclass(frozen=True, slots=True)
class Learnt:
    """Weights by feature, as they are written: pages and counts of steps in turn, a byte each.

    `phrases`: the digest of those that they were learnt from; `bases`: what each page has before
    any feature; `outside`: by feature, the phrases of what the manual does not treat, with values.
    """

    phrases: str
    pages: Sequence[str]
    bases: Sequence[float]
    rarest: float
    rarities: Mapping[str, float]
    weights: Mapping[str, bytes]
    outside: Mapping[str, Sequence[tuple[int, float]]]

    def judge(self, question: str) -> Judged:
        """Return what a question asks for."""
        values = _of_length_one(values_of(question, self.rarities, self.rarest))
        # The number of a page is written with `_FIRST` added.
        found = [0.0] * _FIRST + list(self.bases)
        alike: dict[int, float] = {}
        for feature, value, share in values:
            unit = value * STEP
            written = iter(self.weights[feature])
            for page, count in zip(written, written, strict=True):
                found[page] += unit * (count - _MIDDLE)
            for number, other in self.outside.get(feature, ()):
                alike[number] = alike.get(number, 0.0) + share * other
        pages = dict(zip(self.pages, found[_FIRST:], strict=True))
        outside = pages.pop(OUTSIDE)
        return Judged(pages, max(pages.values()) - outside, max(alike.values(), default=0.0))


def _of_length_one(values: Iterable[tuple[str, float]]) -> list[tuple[str, float, float]]:
    """Return features with their values, and with their shares of a vector of the length 1."""
    known = list(values)
    length = math.sqrt(sum(value**2 for _feature, value in known)) or 1.0
    return [(feature, value, value / length) for feature, value in known]


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
    rarities: dict[str, float] = {}
    weights: dict[str, bytes] = {}
    for line in features:
        feature, _, written = line.partition("\t")
        rarities[feature] = (ord(written[0]) - _FIRST) / _RARITY
        weights[feature] = written[1:].encode("ascii")
    outside: dict[str, list[tuple[int, float]]] = {}
    for number, phrase in enumerate(outside_phrases()):
        for feature, _value, share in _of_length_one(values_of(phrase, rarities, float(rarest))):
            if share >= _LEAST_SHARE:
                outside.setdefault(feature, []).append((number, share))
    return Learnt(
        phrases,
        pages.split(),
        [float(each) for each in bases.split()],
        float(rarest),
        rarities,
        weights,
        outside,
    )
