"""Make the sandbox's shape of Sync.CaptureDocument from the reference data.

Run as `python -m tools.capture_document`; it reads `capture-document-schema.tsv` in the folder
that IONPORT_REFERENCE_DATA names (by default ../shared/data) and writes the resource that
`ionport.sandbox.messaging.bod_shapes` reads: names, order, cardinality and kinds of values.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
REFERENCE = Path(os.environ.get("IONPORT_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
RESOURCE = ROOT / "src" / "ionport" / "sandbox" / "messaging" / "capture_document.txt"

_ANYTHING = "any NS"
_KINDS = {"DATETIME": "D", "INTEGER": "I", "BOOLEAN": "B"}
_CARDINALITIES = {("1", "M"): "1", ("1", "o"): "?", ("-1", "M"): "+", ("-1", "o"): "*"}


@dataclass(frozen=True, slots=True)
class Row:
    """An element or, when its last step begins with `@`, an attribute."""

    path: str
    type: str
    most: str
    mandatory: str

    @property
    def depth(self) -> int:
        return self.path.count("/") - 1

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def read_rows(folder: Path) -> list[Row]:
    """Return the rows of the reference data in their order."""
    lines = (folder / "capture-document-schema.tsv").read_text(encoding="utf-8").splitlines()
    return [Row(*line.split("\t")[:4]) for line in lines[1:]]


def shape(rows: Sequence[Row]) -> str:
    """Return the resource: an element a line, one blank deeper than its parent.

    Behind the name stand how often it occurs (1, ?, + or *), the kind of its text (D date and
    time, I integer, B boolean, T any text, - none, # any elements), and its attributes, each with
    its kind and a star when it is mandatory.
    """
    attributes: dict[str, list[str]] = {}
    open_to_all = set()
    for row in rows:
        parent = row.path.rpartition("/")[0]
        if row.name.startswith("@"):
            star = "*" if row.mandatory == "M" else ""
            attributes.setdefault(parent, []).append(f"{row.name[1:]}/{_kind(row)}{star}")
        elif row.name == _ANYTHING:
            open_to_all.add(parent)
    return "".join(f"{line}\n" for line in _lines(rows, attributes, open_to_all))


def _lines(
    rows: Sequence[Row], attributes: dict[str, list[str]], open_to_all: set[str]
) -> Iterator[str]:
    for row in rows:
        if row.name.startswith("@") or row.name == _ANYTHING:
            continue
        kind = "#" if row.path in open_to_all else _kind(row)
        often = _CARDINALITIES[row.most, row.mandatory]
        yield " " * row.depth + " ".join([row.name, often, kind, *attributes.get(row.path, ())])


def _kind(row: Row) -> str:
    return _KINDS.get(row.type, "T") if row.type else "-"


def main() -> int:
    """Write the resource."""
    RESOURCE.write_text(shape(read_rows(REFERENCE)), encoding="utf-8")
    print(f"wrote {RESOURCE.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
