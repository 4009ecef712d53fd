"""Words in three languages: folded, without those that carry no meaning, reduced to stems or roots.

Other names of what the pages speak of lead to their words by `synonyms.tsv`: beginnings of words,
and what they stand for. They count only where the manual does not have the word itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources

from ionport.manual import LANGUAGES

_WORD = re.compile(r"[a-z0-9]+(?:[_.-][a-z0-9]+)*")
_PART = re.compile(r"[a-z0-9]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_SHORTEST = 3
_SHORTEST_BEGINNING = 5
# Words whose stems are kept: about three times those of the manual.
_CACHED = 32_768


# Endings, the first that fits first, and how many letters must stay.
_ENDINGS = (
    *(("ational", 4), ("ations", 4), ("ation", 4), ("ments", 4), ("ment", 4), ("ings", 4)),
    *(("ing", 3), ("ions", 4), ("ion", 4), ("edly", 4), ("ies", 2), ("ied", 2), ("ers", 4)),
    *(("er", 4), ("ed", 3), ("ly", 4), ("es", 3), ("s", 3), ("al", 4), ("e", 3), ("y", 3)),
)


# Endings of German and French words, the longest first, and how many letters must stay.
_ROOT_ENDINGS = (
    *(("issements", 4), ("issement", 4), ("ierungen", 4), ("ierung", 4), ("ations", 4)),
    *(("ungen", 4), ("ation", 4), ("ieren", 4), ("ement", 4), ("ung", 4), ("iert", 4), ("ions", 4)),
    *(("ees", 4), ("ern", 4), ("ent", 4), ("ion", 4), ("ten", 4), ("tet", 4), ("ste", 4)),
    *(("en", 4), ("er", 4), ("es", 4), ("em", 4), ("et", 4), ("ee", 4), ("ez", 4), ("te", 4)),
    *(("e", 4), ("s", 4), ("n", 4), ("t", 5)),
)


# What stands inside a separable German verb: `abgeholt` and `abzuholen` are of `abholen`.
_SEPARABLE = re.compile(
    r"^(ab|an|auf|aus|ein|fest|frei|her|hin|hoch|mit|nach|um|vor|weg|zuruck|zu)(?:ge|zu)(?=[a-z]{4})"
)


@lru_cache(_CACHED)
def root(word: str) -> str:
    """Return a German or French word without its endings, marked so that it is no English stem.

    A name with an underscore stays as it is.
    """
    if "_" in word:
        return word
    word = _SEPARABLE.sub(r"\1", word)
    if word.endswith("eaux"):  # `niveaux`
        word = word.removesuffix("x")
    elif word.endswith("aux") and len(word) > _SHORTEST_BEGINNING:  # `journaux`
        word = f"{word[:-2]}l"
    for ending, least in _ROOT_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return f"{word[: -len(ending)]}0"
    return f"{word}0"


def folded(text: str) -> str:
    """Return the text in small letters without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return _ACCENTS.sub("", plain).casefold()


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded; `X-Key` gives `x-key`, `x` and `key`."""
    found: list[str] = []
    for word in _WORD.findall(folded(text)):
        found.append(word)
        if len(parts := _PART.findall(word)) > 1:
            found += parts
    return found


@lru_cache(_CACHED)
def stem(word: str) -> str:
    """Return an English word without its endings: `issues`, `issued` and `issuing` are `issu`.

    A name with an underscore stays as it is.
    """
    if "_" in word:
        return word
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    is_doubled = len(word) > _SHORTEST and word[-1] == word[-2]
    if is_doubled and word[-1].isalpha() and word[-1] not in "aeiouls":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > _SHORTEST else word


@lru_cache(_CACHED)
def is_empty_word(word: str) -> bool:
    """Tell whether a folded word has no meaning of its own in a question."""
    is_known = any(word in own for own in _empty_words().values())
    return is_known or (len(word) == 1 and not word.isdigit())


@cache
def _empty_words() -> Mapping[str, frozenset[str]]:
    """Return the words of `empty_words.txt` by language."""
    text = resources.files(__package__).joinpath("empty_words.txt").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    language = ""
    for line in text.splitlines():
        if line.startswith("["):
            language = line.strip("[]")
        elif not line.startswith("#"):
            found.setdefault(language, set()).update(line.split())
    return {name: frozenset(words) for name, words in found.items()}


@cache
def outside_words() -> frozenset[str]:
    """Return words, and beginnings of five letters and more, of what the manual does not treat."""
    text = resources.files(__package__).joinpath("outside.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


def is_outside(word: str) -> bool:
    """Tell whether a folded word is about what the manual does not treat, such as a licence."""
    known = outside_words()
    lengths = range(_SHORTEST_BEGINNING, len(word) + 1)
    return word in known or any(word[:length] in known for length in lengths)


@cache
def asked_phrases() -> Mapping[str, tuple[str, ...]]:
    """Return phrases with which people ask, by page or page#anchor of a section.

    They stand in `asked_en.tsv` and its like, a file for each language of the manual.
    """
    found: dict[str, list[str]] = {}
    for code in LANGUAGES:
        text = resources.files(__package__).joinpath(f"asked_{code}.tsv").read_text("utf-8")
        for line in text.splitlines():
            if line and not line.startswith("#"):
                section, _, phrases = line.partition("\t")
                found.setdefault(section, []).extend(map(str.strip, phrases.split(";")))
    return {section: tuple(filter(None, phrases)) for section, phrases in found.items()}


@cache
def outside_phrases() -> tuple[str, ...]:
    """Return phrases with which people ask for what the manual does not treat."""
    text = resources.files(__package__).joinpath("asked_outside.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(filter(None, (each.strip() for line in lines for each in line.split(";"))))


@cache
def _synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return what the beginnings of words stand for."""
    text = resources.files(__package__).joinpath("synonyms.tsv").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        beginnings, _, meaning = line.partition("\t")
        for beginning in beginnings.split():
            found.setdefault(folded(beginning), []).extend(words_of(meaning))
    return {beginning: tuple(words) for beginning, words in found.items()}


def meanings_of(word: str) -> tuple[str, ...]:
    """Return the words of the pages that a folded word stands for, by its longest known beginning.

    A beginning of fewer than four letters stands for a whole word only.
    """
    known = _synonyms()
    for length in range(len(word), 1, -1):
        beginning = word[:length]
        if beginning in known and (length == len(word) or length > _SHORTEST):
            return known[beginning]
    return ()
