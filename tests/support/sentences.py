"""The sentences that a page says, in the order of its text, without what it quotes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

# Nothing of these is a text of ours: code, what was sent, and what somebody else has said.
_QUOTED: Final = frozenset(
    {"script", "style", "code", "pre", "textarea", "samp", "q", "blockquote"}
)
_VOID: Final = frozenset({"area", "br", "hr", "img", "input", "link", "meta", "source", "wbr"})
# Elements inside a sentence.
_INLINE: Final = frozenset({"a", "abbr", "b", "em", "i", "kbd", "mark", "small", "strong", "time"})
_ATTRIBUTES: Final = ("alt", "aria-label", "data-confirm", "placeholder", "title")
_IN_QUOTES: Final = re.compile(r"“[^“”]*”|„[^„“]*“|«[^«»]*»|\"[^\"]*\"")
_END: Final = re.compile(r"(?<=[.:;!?])\s+")
_WORD: Final = re.compile(r"(?<!\S)[\"'(]?[^\W\d_]+(?:['\u2019-][^\W\d_]+)*[\"')]?[.,:;!?)]*(?!\S)")


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = [""]
        self._quoting: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        # Text in another language than the page's says so.
        is_foreign = "lang" in found and tag != "html"
        if tag not in _VOID and (self._quoting or tag in _QUOTED or is_foreign):
            self._quoting.append(tag)
        elif not self._quoting:
            self.texts += [found[name] for name in _ATTRIBUTES if name in found]
        if tag not in _INLINE:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._quoting and self._quoting[-1] == tag:
            self._quoting.pop()
        if tag not in _INLINE:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += "…" if self._quoting else data


def sentences(page: str, words: int = 4) -> set[str]:
    """Return the sentences of a page that have at least so many words."""
    parser = _Texts()
    parser.feed(page)
    parser.close()
    parts = {
        " ".join(part.split())
        for text in parser.texts
        for part in _END.split(_IN_QUOTES.sub("…", text))
    }
    return {part for part in parts if len(_WORD.findall(part)) >= words}
