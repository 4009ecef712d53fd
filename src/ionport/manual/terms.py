"""Terms of texts: what is compared of pages, phrases and questions.

English words are compared by their stems, German and French ones by their roots, which never meet
stems; a word of a phrase, whose language nobody says, stands for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ionport.manual import LANGUAGES, ManualPage
from ionport.manual.language import folded, is_empty_word, names_of, root, stem, words_in

_STEMS, _ROOTS, _BOTH = range(3)


class Terms:
    """Makes terms of texts, and knows their words. Each word is looked at once."""

    def __init__(self) -> None:
        # In their order: a mistyped word means the first of those that are equally like it.
        self.words: dict[str, None] = {}
        self._german: set[str] = set()
        self._known = _Known(self.words)

    @property
    def german(self) -> frozenset[str]:
        """The words of German texts."""
        words = (word for name in self._german for word in words_in(name))
        return frozenset(word for word in words if word.isalpha() and word in self.words)

    def of(self, language: str, text: str) -> list[str]:
        """Return the terms of a text."""
        names = names_of(folded(text))
        if language == "de":
            self._german.update(names)
        kind = _STEMS if language == LANGUAGES[0] else _ROOTS
        return [term for name in names for term in self._known[name][kind]]

    def of_phrases(self, phrases: Iterable[str]) -> Iterator[tuple[str, ...]]:
        """Yield what stands in each of some phrases of any language, each term once."""
        for phrase in folded("\n".join(phrases)).split("\n"):
            yield tuple({term for name in names_of(phrase) for term in self._known[name][_BOTH]})

    def of_title(self, versions: Sequence[ManualPage]) -> frozenset[str]:
        """Return what stands in the name and the titles of a page."""
        titles = (self.of(each.language, each.title) for each in versions)
        name = self.of(LANGUAGES[0], versions[0].name.replace("-", " "))
        return frozenset(chain(name, *titles))


class _Known(dict[str, tuple[Sequence[str], Sequence[str], Sequence[str]]]):
    """The stems and the roots of each word of a text, and both of them."""

    def __init__(self, words: dict[str, None]) -> None:
        super().__init__()
        self._words = words

    def __missing__(self, name: str) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        words = [word for word in words_in(name) if not is_empty_word(word)]
        self._words.update(dict.fromkeys(words))
        stems, roots = tuple(map(stem, words)), tuple(map(root, words))
        self[name] = found = stems, roots, stems + roots
        return found
