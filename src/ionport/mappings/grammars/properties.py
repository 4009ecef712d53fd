"""The lexical rules of the vendor's `.properties` files, read without loss.

Source: docs/reference/mapping-files.md#lexical-rules.

A line is `key = value`: the first `=` separates, blanks around both are dropped, `:` is data,
`#` starts a comment only at the start of a line, nothing is escaped and no line continues.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands in the file; `ending` is empty at the end of the file."""

    raw: str
    ending: str


@dataclass(frozen=True, slots=True)
class Property:
    """One `key = value` line. Line and columns (of key and value) count from 1."""

    key: str
    value: str
    line: int
    column: int = 1
    value_column: int = 1


@dataclass(frozen=True, slots=True)
class Properties:
    """The lines of a file. Of a key that occurs twice the last one counts.

    `duplicates` are the lines that do not count, `broken` the numbers of lines that are neither
    blank nor comment nor `key = value`. `lines` are all of them, as they stand.
    """

    by_key: Mapping[str, Property]
    duplicates: tuple[Property, ...]
    broken: tuple[int, ...]
    lines: tuple[Line, ...]

    def __iter__(self) -> Iterator[Property]:
        return iter(self.by_key.values())

    def __str__(self) -> str:
        """Return the text that was read, character by character."""
        return "".join(line.raw + line.ending for line in self.lines)

    def get(self, key: str) -> str:
        """Return the value of `key`; empty when it is absent or empty."""
        found = self.by_key.get(key)
        return found.value if found else ""

    def has(self, key: str) -> bool:
        """Tell whether the file defines `key`, even with an empty value."""
        return key in self.by_key

    def line(self, key: str) -> int | None:
        """Return the number of the line that defines `key`."""
        found = self.by_key.get(key)
        return found.line if found else None

    def listed(self, key: str) -> list[str]:
        """Return the items of the list `key` without their `:TYPE`, repeated ones too."""
        items = (item.partition(":")[0].strip() for item in self.get(key).split(","))
        return [item for item in items if item]

    def names(self, key: str) -> list[str]:
        """Return the items of the list `key` without their `:TYPE`, each once, in order."""
        return list(dict.fromkeys(self.listed(key)))


def lines_of(text: str) -> Iterator[Line]:
    """Yield the lines of `text`; what stands behind the last line end is a line, if empty too."""
    for match in _LINE.finditer(text):
        yield Line(match[1], match[2])
        if not match[2]:
            return


def parse_properties(text: str) -> Properties:
    """Read the lines of `text`; never fails."""
    by_key: dict[str, Property] = {}
    duplicates: list[Property] = []
    broken: list[int] = []
    lines = tuple(lines_of(text))
    for number, line in enumerate(lines, start=1):
        stripped = line.raw.strip().removeprefix("\ufeff").lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        found = _property(line.raw, stripped, number)
        if found is None:
            broken.append(number)
            continue
        if found.key in by_key:
            duplicates.append(by_key.pop(found.key))
        by_key[found.key] = found
    return Properties(by_key, tuple(duplicates), tuple(broken), lines)


def _property(raw: str, stripped: str, number: int) -> Property | None:
    key, separator, value = stripped.partition("=")
    key, value = key.rstrip(), value.lstrip()
    if not (separator and key):
        return None
    column = raw.index(key) + 1
    behind = raw.index("=") + 1
    value_column = raw.index(value, behind) + 1 if value else behind + 1
    return Property(key, value, number, column, value_column)
