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
_SHORTEST_STEM = 2
# Words whose stems are kept: about three times those of the manual.
_CACHED = 32_768


def _by_ending(endings: Mapping[int, str]) -> dict[str, int]:
    return {ending: least for least, each in endings.items() for ending in each.split()}


# Endings by how many letters must stay; the longest that fits is taken off.
_ENDINGS = _by_ending(
    {
        2: "ies ied",
        3: "ing ed es s e y",
        4: "ational ations ation ments ment ings ions ion edly ers er ly al",
    }
)
# Those of German and French words.
_ROOT_ENDINGS = _by_ending(
    {
        4: "issements issement ierungen ierung ations ungen ation ieren ement ung iert ions ees ern"
        " ent ion ten tet ste en er es em et ee ez te e s n",
        5: "t",
    }
)
_LONGEST_ENDING = max(map(len, (*_ENDINGS, *_ROOT_ENDINGS)))


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
    return f"{_without_ending(word, _ROOT_ENDINGS)}0"


def _without_ending(word: str, endings: Mapping[str, int]) -> str:
    for at in range(max(_SHORTEST_STEM, len(word) - _LONGEST_ENDING), len(word)):
        if endings.get(word[at:], len(word)) <= at:
            return word[:at]
    return word


def folded(text: str) -> str:
    """Return the text in small letters without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return _ACCENTS.sub("", plain).casefold()


def names_of(text: str) -> list[str]:
    """Return the words of a folded text, `x-key` as one."""
    return _WORD.findall(text)


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded; `X-Key` gives `x-key`, `x` and `key`."""
    return [word for name in names_of(folded(text)) for word in words_in(name)]


def words_in(name: str) -> list[str]:
    """Return a word of a folded text, and the parts of which it is made."""
    return [name] if name.isalnum() else [name, *_PART.findall(name)]


@lru_cache(_CACHED)
def stem(word: str) -> str:
    """Return an English word without its endings: `issues`, `issued` and `issuing` are `issu`.

    A name with an underscore stays as it is.
    """
    if "_" in word:
        return word
    if not word.endswith("ss"):
        word = _without_ending(word, _ENDINGS)
    is_doubled = len(word) > _SHORTEST and word[-1] == word[-2]
    if is_doubled and word[-1].isalpha() and word[-1] not in "aeiouls":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > _SHORTEST else word


@lru_cache(_CACHED)
def is_empty_word(word: str) -> bool:
    """Tell whether a folded word has no meaning of its own in a question."""
    return word in _empty_words() or (len(word) == 1 and not word.isdigit())


@cache
def _empty_words() -> frozenset[str]:
    """Return the words of `empty_words.txt`, of all languages."""
    text = resources.files(__package__).joinpath("empty_words.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith(("#", "[")))
    return frozenset(word for line in lines for word in line.split())


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
