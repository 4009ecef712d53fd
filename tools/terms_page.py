"""Write the manual's table of business terms from the table that invoices are read by.

Run as `python -m tools.terms_page` after a term or a field was added or changed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from ionport.documents.invoice.corrections import columns_of, targets_of
from ionport.documents.invoice.table import Term, terms

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


def terms_page() -> str:
    """Return the page."""
    rows = list(terms().values())
    standard = [row for row in rows if _STANDARD.fullmatch(row.id)]
    others = [row for row in rows if not _STANDARD.fullmatch(row.id)]
    return _HEAD + "".join(map(_row, standard)) + _EXTENSIONS + "".join(map(_row, others))


def _row(term: Term) -> str:
    name = term.name.replace("|", "\\|")
    of = ", ".join(f"`{target}`" for target in _targets(term.id))
    return f"| {term.id} | {name} | {term.type} | {term.cardinality} | {of} |\n"


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
