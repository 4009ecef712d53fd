"""Write the manual's table of business terms from the table that invoices are read by.

Run as `python -m tools.terms_page` after a term or a field was added or changed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from ionport.documents.invoice.corrections import columns_of, targets_of
from ionport.documents.invoice.table import PREFIXES, Syntax, Term, terms

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "ionport" / "manual" / "terms.md"

_STANDARD = re.compile(r"B[GT]-[0-9]+(?:-[0-9]+)?")
_HEAD = """\
# Business terms

An invoice is read as a tree of business terms: BT-… is a value, BG-… a group of values. Whatever
syntax a file is in, what it says stands under the same ids, and nothing that a supplier wrote is
dropped: what no term reaches is kept with the document as *not understood*.

The fields and tables of a document are made from the terms. A [mapping file](/manual/mapping-files)
names fields by their ids, and may name any term that has a value: `BT-22` as a field, or a term of
the lines (those below BG-25) as a column of the invoice table.

*Times* is how often a term may stand in its group. Ids like BT-31-0 are parts that only some
syntaxes have.

## Terms of EN 16931

| term | name | type | times | field or column |
|---|---|---|---|---|
"""
_EXTENSIONS = """
## Terms of extensions

Factur-X EXTENDED (BT-X-…), the extension of XRechnung (DEX), and values that no standard names and
a person must still see (OWN-…).

| term | name | type | times | field or column |
|---|---|---|---|---|
"""

_PLACES = """
## Where a term stands in UBL and CII

Terms of EN 16931, from the root of a UBL invoice, of a UBL credit note where it differs, and of a
CII invoice such as the XML inside ZUGFeRD and Factur-X. What stands in square brackets has to be
so; the first of several places that has a value is read.

| term | name | UBL | CII |
|---|---|---|---|
"""
# What a path begins with when several values make one.
_MADE_OF = re.compile(r"^(?:joined|words|subject|note):")
_PART = re.compile(r"(?:\[[^]]*\]|[^/\[])+")
_CAPITALS = re.compile(r"^[A-Z]+(?=$|\[)")


def terms_page() -> str:
    """Return the page."""
    rows = list(terms().values())
    standard = [row for row in rows if _STANDARD.fullmatch(row.id)]
    others = [row for row in rows if not _STANDARD.fullmatch(row.id)]
    pages = _HEAD + "".join(map(_row, standard)) + _EXTENSIONS + "".join(map(_row, others))
    return pages + _PLACES + "".join(_places(row) for row in standard if not row.is_group)


def _places(term: Term) -> str:
    ubl = _places_in(term, Syntax.UBL)
    if term.credit_note:
        here = _places_in(term, Syntax.UBL, is_credit_note=True) or "none"
        ubl = f"{ubl}; credit note: {here}" if ubl else f"credit note: {here}"
    cii = _places_in(term, Syntax.CII)
    return f"| {term.id} | {_cell(term.name)} | {ubl} | {cii} |\n" if ubl or cii else ""


def _places_in(term: Term, syntax: Syntax, *, is_credit_note: bool = False) -> str:
    places = _whole_paths(term, syntax, is_credit_note=is_credit_note)
    return ", ".join(f"`{_cell(place)}`" for place in places)


def _whole_paths(term: Term, syntax: Syntax, *, is_credit_note: bool) -> list[str]:
    """Return the places of a term from the root; of its parent's places the first one is told."""
    above = ""
    if term.parent:
        parent = terms()[term.parent]
        above = next(iter(_whole_paths(parent, syntax, is_credit_note=is_credit_note)), "")
    own = term.path(syntax, is_credit_note=is_credit_note)
    paths = filter(None, own.split(" | "))
    return list(dict.fromkeys(_joined(above, _MADE_OF.sub("", path), syntax) for path in paths))


def _joined(above: str, path: str, syntax: Syntax) -> str:
    parts = _PART.findall(above)
    for part in _PART.findall(path):
        if part == "..":
            parts.pop()
        elif not part.startswith("."):  # A condition on the group itself tells no place.
            parts.append(_CAPITALS.sub(lambda word: PREFIXES[syntax][word.group()], part))
    return "/".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _row(term: Term) -> str:
    of = ", ".join(f"`{target}`" for target in _targets(term.id))
    return f"| {term.id} | {_cell(term.name)} | {term.type} | {term.cardinality} | {of} |\n"


def _targets(term: str) -> Iterator[str]:
    yield from targets_of(term)
    yield from columns_of(term)


def main() -> int:
    """Write the page."""
    PAGE.write_text(terms_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
