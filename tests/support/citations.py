"""What files cite: pages of docs/reference with their sections, and decision records."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"

CITATION = re.compile(r"docs/reference/(?P<page>[\w-]+\.md)(?:#(?P<section>[\w-]+))?")
_RECORD = re.compile(r"docs/decisions/[\w-]+\.md")


def missing(text: str) -> list[str]:
    """Return what a text cites and is not there."""
    found = [each[0] for each in _RECORD.finditer(text) if not (ROOT / each[0]).is_file()]
    for each in CITATION.finditer(text):
        known = sections(each["page"])
        if known is None or (each["section"] and each["section"] not in known):
            found.append(each[0])
    return found


@cache
def sections(page: str) -> frozenset[str] | None:
    """Return the anchors of a page's headings as GitHub makes them; None when it is not there."""
    path = REFERENCE / page
    if not path.is_file():
        return None
    headings = re.findall(r"(?m)^#+ (.+)$", path.read_text(encoding="utf-8"))
    return frozenset(_anchor(title) for title in headings)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def without_source(text: str) -> list[str]:
    """Return the paragraphs and items of a page that name no source and do not say inferred.

    A source is a link whose address stands at the foot of the page, a URL, or an RFC. A table has
    its sources in a paragraph beside it.
    """
    addresses = set(re.findall(r"(?m)^\[([\w-]+)\]: https://\S+$", text))
    body = re.sub(r"(?m)^\[[\w-]+\]: .*$|^#.*$|^\|.*$", "", text)
    paragraphs = re.split(r"\n\s*\n|\n(?=- )", body)
    return [each.strip() for each in paragraphs if each.strip() and not _sourced(each, addresses)]


def _sourced(paragraph: str, addresses: set[str]) -> bool:
    linked = re.findall(r"\]\[([\w-]+)\]", paragraph)
    if not set(linked) <= addresses:
        return False
    return bool(linked) or bool(re.search(r"inferred|https://|RFC \d+", paragraph))


MARK = re.compile(
    r"(?P<clients>\*inferred\*\s+from\s+public\s+clients)|(?P<inferred>\*inferred\*)"
    r"|(?P<verified>\[[^\]]+\]\[[\w-]+\]|https://\S+|RFC \d+)"
)


def statements(section: str) -> list[tuple[str, str]]:
    """Return the statements of a section (`docs/reference/….md#…`), each with its mark's kind.

    A statement is what stands before a mark, from the mark before it or the beginning of its item.
    """
    page, _hash, anchor = section.partition("#")
    text = (ROOT / page).read_text(encoding="utf-8")
    parts = re.split(r"(?m)^#+ (.+)$", text)
    titles = dict(zip(parts[1::2], parts[2::2], strict=True))
    (body,) = (body for title, body in titles.items() if _anchor(title) == anchor)
    body = re.sub(r"(?m)^\[[\w-]+\]: .*$", "", body)
    found = []
    for item in re.split(r"\n\s*\n|\n(?=- )", body):
        start = 0
        for mark in MARK.finditer(item):
            found.append((item[start : mark.start()], str(mark.lastgroup)))
            start = mark.end()
    return found
