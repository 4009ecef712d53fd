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
    return frozenset(
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in headings
    )


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
