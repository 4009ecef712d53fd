"""Rows of M3 mappings in TOML: the lines `KEY = "text"` of its tables.

Lines are compared with the result of the TOML reader: a line that only looks like a definition, as
inside a text of several lines, is no row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ionport.mappings.grammars.edits import Edit, add_line, apply_edits, remove_line
from ionport.mappings.grammars.entries.model import (
    Entries,
    Entry,
    EntryError,
    Group,
    Part,
    Reason,
    Typed,
)
from ionport.mappings.grammars.entries.properties import comment_above
from ionport.mappings.grammars.properties import Properties, parse_properties
from ionport.mappings.grammars.sections import M3_SECTIONS
from ionport.mappings.rendering.m3_toml import EXPORT, load_toml

_TABLE = re.compile(r"\s*(\[{1,2})\s*([\w-]+(?:\s*\.\s*[\w-]+)*)\s*\]{1,2}\s*(?:#.*)?")
_ROW = re.compile(
    r"""\s*(?P<key>[\w-]+|"(?:[^"\\]|\\.)*+"|'[^']*')\s*=\s*"""
    # Without backtracking: a line within a text may have any number of blanks.
    r"""(?P<value>"(?:[^"\\]|\\.)*+"|'[^']*+'|[^#"'\[{\s][^#\s]*+(?:\s++[^#\s]++)*+)\s*+(?:#.*)?"""
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that defines a text: the spans of its key and its value, from 0."""

    number: int
    table: str
    key: tuple[int, int]
    value: tuple[int, int]
    name: str
    text: str
    is_text: bool


class TomlRows:
    """The rows of one TOML text.

    Raises:
        EntryError: `UNREADABLE`, the text is no TOML.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = parse_properties(text)
        self._content = _loaded(text)
        self._found = {line.number: line for line in self._read()}

    def entries(self) -> Entries:
        """Return the rows, and the sections that a new one may join."""
        raws = [line.raw for line in self._lines.lines]
        rows = [
            Entry(
                line.number,
                _group(line.table),
                line.name,
                line.text,
                comment_above(raws, line.number),
                is_fixed=not line.is_text,
            )
            for line in self._found.values()
        ]
        tables = [f"{EXPORT}.{name}.fields" for name in M3_SECTIONS]
        return Entries(rows, [_group(table) for table in tables])

    def changed(self, typed: Mapping[int, Typed]) -> str:
        """Return the text with other names and values; raises EntryError."""
        edits = []
        for number, new in typed.items():
            line = self._found.get(number)
            if line is None or not line.is_text:
                raise EntryError(Reason.NO_ROW, number)
            if new.name != line.name:
                edits.append(_edit(number, line.key, _key(new.name, number)))
            if new.value != line.text:
                before = self._lines.lines[number - 1].raw[slice(*line.value)]
                edits.append(_edit(number, line.value, _literal(new.value, before)))
        return self._readable(apply_edits(self._text, edits))

    def added(self, group_id: str, new: Typed) -> str:
        """Return the text with one more line at the end of a table; raises EntryError."""
        if group_id not in {group.id for group in self.entries().groups}:
            raise EntryError(Reason.NO_ROW)
        text = f"{_key(new.name, 0)} = {_literal(new.value, '')}"
        same = [line.number for line in self._found.values() if line.table == group_id]
        after = max(same, default=0) or self._header(group_id)
        if not after:
            ending = self._lines.lines[0].ending or "\n"
            text = f"{ending}[{group_id}]{ending}{text}"
            after = len(self._lines.lines) - (not self._lines.lines[-1].raw)
        return self._readable(apply_edits(self._text, [add_line(self._lines, after, text)]))

    def removed(self, number: int) -> str:
        """Return the text without a row."""
        if number not in self._found:
            raise EntryError(Reason.NO_ROW, number)
        return apply_edits(self._text, [remove_line(self._lines, number)])

    def moved(self, number: int, *, up: bool) -> str:
        """Return the text with a row changed for the one before or behind it in its table."""
        if number not in self._found:
            raise EntryError(Reason.NO_ROW, number)
        table = self._found[number].table
        same = [line.number for line in self._found.values() if line.table == table]
        place = same.index(number) + (-1 if up else 1)
        if not 0 <= place < len(same):
            return self._text
        pair = (number, same[place])
        raws = {one: self._lines.lines[one - 1].raw for one in pair}
        edits = [
            Edit(one, 1, one, len(raws[one]) + 1, raws[other]) for one, other in (pair, pair[::-1])
        ]
        return apply_edits(self._text, edits)

    def _read(self) -> Iterator[_Line]:
        table, place, arrays = "", dict[str, Any](self._content), dict[str, int]()
        for number, line in enumerate(self._lines.lines, start=1):
            start = _start(number, line.raw)
            if header := _TABLE.fullmatch(line.raw, start):
                table = re.sub(r"\s", "", header[2])
                if len(header[1]) == 2:
                    arrays[table] = arrays.get(table, -1) + 1
                place = _at(self._content, table, arrays)
                continue
            row = _ROW.fullmatch(line.raw, start)
            if row and (found := _checked(row, number, table, place)):
                yield found

    def _header(self, table: str) -> int:
        lines: Properties = self._lines
        for number, line in enumerate(lines.lines, start=1):
            header = _TABLE.fullmatch(line.raw, _start(number, line.raw))
            if header and re.sub(r"\s", "", header[2]) == table:
                return number
        return 0

    def _readable(self, text: str) -> str:
        """Return the edited text if it is still TOML; a repeated name makes it invalid."""
        try:
            load_toml(text)
        except ValueError as error:
            raise EntryError(Reason.NAME_TAKEN) from error
        return text


def _start(number: int, raw: str) -> int:
    """Return where a line begins: a byte order mark, which a text may have, is none of it."""
    return 1 if number == 1 and raw.startswith("\ufeff") else 0


def _loaded(text: str) -> Mapping[str, Any]:
    try:
        return load_toml(text)
    except ValueError as error:
        raise EntryError(Reason.UNREADABLE) from error


def _checked(row: re.Match[str], number: int, table: str, place: Mapping[str, Any]) -> _Line | None:
    """Return a line that the TOML reader knows with the same value; None for what is none."""
    try:
        ((name, value),) = load_toml(row[0]).items()
    except ValueError:
        return None
    if place.get(name) != value or isinstance(value, dict | list):
        return None
    text = value if isinstance(value, str) else row["value"]
    is_text = isinstance(value, str) and "\n" not in value and "\r" not in value
    return _Line(number, table, row.span("key"), row.span("value"), name, text, is_text)


def _at(content: Mapping[str, Any], table: str, arrays: Mapping[str, int]) -> dict[str, Any]:
    found: Any = content
    path = ""
    for part in table.split("."):
        path = f"{path}.{part}" if path else part
        found = found.get(part, {}) if isinstance(found, dict) else {}
        if isinstance(found, list):
            number = arrays.get(path, 0)
            found = found[number] if number < len(found) else {}
    return found if isinstance(found, dict) else {}


def _group(table: str) -> Group:
    parts = table.split(".")
    if len(parts) == 3 and parts[0] == EXPORT and parts[2] == "fields":
        return Group(table, Part.TARGET, Part.SOURCE, section=parts[1])
    return Group(table, Part.NAME, Part.CONSTANT, section=table)


def _edit(number: int, span: tuple[int, int], text: str) -> Edit:
    return Edit(number, span[0] + 1, number, span[1] + 1, text)


def _key(name: str, number: int) -> str:
    if not name:
        raise EntryError(Reason.NAME_EMPTY, number)
    if _CONTROL.search(name):
        raise EntryError(Reason.NAME_SIGNS, number)
    return name if _BARE.fullmatch(name) else _quoted(name)


def _literal(value: str, before: str) -> str:
    """Return a text as TOML; in single quotes where it was so and can be."""
    if before.startswith("'") and "'" not in value and not _CONTROL.search(value):
        return f"'{value}'"
    return _quoted(value)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's too; DEL is the one that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
