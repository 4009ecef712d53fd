"""Make the sandbox's M3 field catalogue from the reference data.

Run as `python -m tools.m3_catalogue`; it reads `m3-fields.tsv` in the folder that
IONPORT_REFERENCE_DATA names (by default ../shared/data) and writes the resource that
`ionport.sandbox.m3.catalogue` reads: names, types, lengths and what is mandatory, no texts.
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
REFERENCE = Path(os.environ.get("IONPORT_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
RESOURCE = ROOT / "src" / "ionport" / "sandbox" / "m3" / "catalogue.tsv"

GENERAL = "GENERAL"
_DATE_LENGTHS = ("8", "10")
_SAYS_DATE = re.compile(r"\bdate\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One field of one transaction, as the reference data has it."""

    program: str
    transaction: str
    direction: str
    name: str
    type: str
    mandatory: str
    length: str
    description: str


def read_rows(folder: Path) -> list[Row]:
    """Return the rows of all programs; those that the sandbox does not imitate are known too."""
    lines = (folder / "m3-fields.tsv").read_text(encoding="utf-8").splitlines()
    return [Row(*line.split("\t")) for line in lines[1:]]


def catalogue(rows: Sequence[Row]) -> str:
    """Return the resource: program, transaction, input fields and output fields a line.

    A field is its name, a slash, its type (A, N or D), its length, and a star when mandatory.
    The general transactions, which every program has, stand once under GENERAL.
    """
    types = _input_types(rows)
    general = {row.transaction for row in rows if row.program == GENERAL}
    grouped: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.program == GENERAL or row.transaction not in general:
            fields = grouped[row.program, row.transaction]
            fields[row.direction].append(_field(row, types))
    return "".join(f"{line}\n" for line in _lines(grouped))


def _lines(grouped: Mapping[tuple[str, str], Mapping[str, Sequence[str]]]) -> Iterator[str]:
    for (program, transaction), fields in sorted(grouped.items()):
        both = (" ".join(fields.get(direction, ())) for direction in ("in", "out"))
        yield "\t".join((program, transaction, *both))


def _input_types(rows: Iterable[Row]) -> dict[str, str]:
    """The type of each input field: the data tells none for output fields."""
    types: dict[str, str] = {}
    for row in rows:
        if row.direction == "in":
            types.setdefault(row.name, _type(row))
    return types


def _field(row: Row, types: Mapping[str, str]) -> str:
    kind = _type(row)
    if row.direction == "out" and kind == "A":
        kind = "N" if types.get(row.name) == "N" else "A"
    star = "*" if row.direction == "in" and row.mandatory == "1" else ""
    return f"{row.name}/{kind}{int(row.length)}{star}"


def _type(row: Row) -> str:
    if row.type == "number":
        return "N"
    is_date = row.length in _DATE_LENGTHS and _SAYS_DATE.search(row.description)
    return "D" if is_date else "A"


def main() -> int:
    """Write the resource."""
    RESOURCE.write_text(catalogue(read_rows(REFERENCE)), encoding="utf-8")
    print(f"wrote {RESOURCE.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
