"""Pages cut into blocks that can stand alone as an answer.

A block is a paragraph, a list or a fence of code with the sentence that leads to it, or one row of
a table with the table's head: steps and code are never cut. Pictures, which have lines of their
own, are no part of a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

from ionport.manual import ManualPage

_PICTURES = re.compile(r"^ *!\[.*\]\(.*\)\n?", re.MULTILINE)
# Pages whose tables have hundreds of names: a row answers who names it, and no other question.
_WITH_NAMES = frozenset({"commands", "terms"})
_ROWS = re.compile(r"(?<=-\|\n)(?:\|.*\n)+")


def new_parser() -> MarkdownIt:
    """Return the parser of the manual's Markdown. Raw HTML is off: a page has Markdown alone."""
    return MarkdownIt("commonmark", {"html": False}).enable("table")


# Blocks alone are looked at: what stands inside a line need not be read, and a table is known by
# how its lines begin.
_markdown = new_parser().disable(
    ["inline", "table", "lheading", "html_block", "reference", "blockquote", "hr"]
)


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page: `heading` and `anchor` of its section (empty before the first one).

    `number` counts the blocks of the page: a translated page has the same ones. None for a row of a
    table of names, which is found by its name alone.
    """

    page: str
    title: str
    heading: str
    anchor: str
    text: str
    number: int | None


def blocks_of(page: ManualPage) -> Iterator[Block]:
    """Yield the blocks of a page, in their order."""
    text = _PICTURES.sub("", page.text)
    if page.name in _WITH_NAMES:
        text = _ROWS.sub("", text)
    for number, (heading, anchor, block) in enumerate(_texts(page, text)):
        yield Block(page.name, page.title, heading, anchor, block, number)


def named_rows_of(page: ManualPage) -> Iterator[tuple[str, Block]]:
    """Yield the rows of a page of names, which are no blocks, with the name in the first cell."""
    if page.name in _WITH_NAMES:
        for heading, anchor, text in _texts(page, page.text):
            row = text.splitlines()[-1]
            if row.startswith("| "):
                name = row.strip("| ").partition(" | ")[0]
                yield name, Block(page.name, page.title, heading, anchor, text, None)


def _texts(page: ManualPage, text: str) -> Iterator[tuple[str, str, str]]:
    """Yield heading, anchor and text of each block of a page's text."""
    heading = anchor = lead = ""
    anchors = iter(page.anchors)
    for kind, lines in _parts(text):
        part = "\n".join(lines)
        whole = f"{lead}\n\n{part}" if lead else part
        lead = ""
        if kind == "heading_open":
            is_title = part.startswith("# ")
            heading = "" if is_title else part.lstrip("# ")
            anchor = "" if is_title else next(anchors, "")
        elif part.startswith("|"):
            for row in lines[2:]:
                yield heading, anchor, f"{lines[0]}\n{lines[1]}\n{row}"
        elif part.endswith(":"):
            lead = whole
        else:
            yield heading, anchor, whole


def _parts(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what stands on the page's outermost level: its kind and its lines."""
    lines = text.splitlines()
    for token in _markdown.parse(text):
        if token.level == 0 and token.map is not None:
            first, end = token.map
            yield token.type, "\n".join(lines[first:end]).strip().splitlines()
