"""Texts of errors and findings in the manual's tables: a question with one finds its row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ionport.manual.language import words_of
from ionport.manual.sections import Block

_ITALIC = re.compile(r"(?<!\*)\*([^*]+)\*(?!\*)")
# What a question says about a text stands around its quotation marks.
_MARKED = re.compile('[„“”«"»](.{8,})[„“”«"»]')
# Pages whose rows have the text of a rule in a cell of its own.
_WHOLE_CELLS = frozenset({"rules", "mapping-rules"})
# A name such as `BT-13` or `invalid_client` is one word, though it is found by its parts too.
_FEWEST_WORDS = 3
# So much of a text stands in the question, and so much of the question is the text. A name or a
# figure stands in the place of `…`.
_OF_TEXT = 0.85
_OF_QUESTION = 0.6


class QuotedTexts:
    """The texts by their words; `find` tells which block has the one that was pasted."""

    def __init__(self, blocks: Iterable[tuple[int, Block]]) -> None:
        """Take the texts of all rows: a block and its translations come with the same place."""
        self._texts: list[tuple[int, int]] = []
        self._with: dict[str, list[int]] = {}
        for number, block in blocks:
            for text in _texts_of(block):
                if len(text.split()) < _FEWEST_WORDS:
                    continue
                words = frozenset(words_of(text))
                for word in words:
                    self._with.setdefault(word, []).append(len(self._texts))
                self._texts.append((number, len(words)))

    def find(self, question: str) -> int | None:
        """Return the place of the block whose text a question is or has, or None."""
        marked = _MARKED.search(question)
        asked = frozenset(words_of(marked.group(1) if marked else question))
        shared: dict[int, int] = {}
        for word in asked:
            for text in self._with.get(word, ()):
                shared[text] = shared.get(text, 0) + 1
        best: tuple[float, int] | None = None
        for text, count in shared.items():
            number, length = self._texts[text]
            if count >= _OF_TEXT * length and count >= _OF_QUESTION * len(asked):
                likeness = count / (length + len(asked) - count)
                best = max(best or (0.0, 0), (likeness, -number))
        return None if best is None else -best[1]


def _texts_of(block: Block) -> Iterator[str]:
    row = block.text.splitlines()[-1]
    if not row.startswith("|"):
        return
    cells = row.strip("| ").split(" | ")
    yield from _ITALIC.findall(cells[0])
    if block.page in _WHOLE_CELLS:
        yield from cells[2:]
