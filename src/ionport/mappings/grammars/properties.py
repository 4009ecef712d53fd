"""The lexical rules of the vendor's `.properties` files.

Source: docs/reference/mapping-files.md#lexical-rules.

A line is `key = value`: the first `=` separates, blanks around both are dropped, `:` is data,
`#` starts a comment only at the start of a line, nothing is escaped and no line continues.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Property:
    """One `key = value` line; `line` counts from 1."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Properties:
    """The lines of a file. Of a key that occurs twice the last one counts.

    `duplicates` are the lines that do not count, `broken` the numbers of lines that are neither
    blank nor comment nor `key = value`.
    """

    by_key: Mapping[str, Property]
    duplicates: tuple[Property, ...]
    broken: tuple[int, ...]

    def __iter__(self) -> Iterator[Property]:
        return iter(self.by_key.values())

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

    def names(self, key: str) -> list[str]:
        """Return the items of the list `key` without their `:TYPE`, each once, in order."""
        items = (item.partition(":")[0].strip() for item in self.get(key).split(","))
        return list(dict.fromkeys(item for item in items if item))


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with other values of keys that it defines; everything else stays as it is."""
    lines = text.splitlines(keepends=True)
    properties = parse_properties(text)
    for key, value in values.items():
        if number := properties.line(key):
            line = lines[number - 1]
            ending = line[len(line.rstrip("\r\n")) :]
            lines[number - 1] = f"{key}={value}{ending}"
    return "".join(lines)


def parse_properties(text: str) -> Properties:
    """Read the lines of `text`; never fails."""
    by_key: dict[str, Property] = {}
    duplicates: list[Property] = []
    broken: list[int] = []
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, raw in enumerate(lines, start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        key, separator, value = line.partition("=")
        key = key.rstrip()
        if not (separator and key):
            broken.append(number)
            continue
        if key in by_key:
            duplicates.append(by_key.pop(key))
        by_key[key] = Property(key, value.lstrip(), number)
    return Properties(by_key, tuple(duplicates), tuple(broken))
