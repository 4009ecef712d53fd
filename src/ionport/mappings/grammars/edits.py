"""Edits of a file's text that change no other character: a quick fix consists of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ionport.mappings.grammars.properties import Properties, Property, lines_of, parse_properties


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text between two places by `text`; lines and columns count from 1.

    A column is a place before a sign: the end of a line is one behind its last sign.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with the edits made; raises ValueError for places outside or overlaps."""
    starts, offset = [], 0
    lines = list(lines_of(text))
    for line in lines:
        starts.append(offset)
        offset += len(line.raw) + len(line.ending)

    def place(line: int, column: int) -> int:
        if not (1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1].raw) + 1):
            raise ValueError(f"no place {line}:{column} in the text")
        return starts[line - 1] + column - 1

    parts, end = [], len(text)
    for edit in sorted(edits, key=lambda edit: (edit.line, edit.column), reverse=True):
        first, last = place(edit.line, edit.column), place(edit.end_line, edit.end_column)
        if not first <= last <= end:
            raise ValueError("the edits overlap")
        parts += [text[last:end], edit.text]
        end = first
    return text[:end] + "".join(reversed(parts))


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with other values of keys that it defines; everything else stays as it is."""
    properties = parse_properties(text)
    lines = (properties.by_key.get(key) for key in values)
    return apply_edits(text, (set_value(line, values[line.key]) for line in lines if line))


def set_value(line: Property, value: str) -> Edit:
    """Return the edit that gives the line another value; raises ValueError for two lines."""
    if "\n" in value or "\r" in value:
        raise ValueError("a value is one line")
    start = line.value_column
    return Edit(line.line, start, line.line, start + len(line.value), value)


def rename_key(line: Property, key: str) -> Edit:
    """Return the edit that gives the line another key."""
    return Edit(line.line, line.column, line.line, line.column + len(line.key), key)


def add_line(properties: Properties, after: int, text: str) -> Edit:
    """Return the edit that adds the line `text` behind line `after`, with that line's end."""
    line = properties.lines[after - 1]
    column = len(line.raw) + 1
    ending = line.ending or properties.lines[0].ending or "\n"
    return Edit(after, column, after, column, ending + text)


def remove_line(properties: Properties, number: int) -> Edit:
    """Return the edit that removes a line with its end."""
    line = properties.lines[number - 1]
    if line.ending:
        return Edit(number, 1, number + 1, 1, "")
    return Edit(number, 1, number, len(line.raw) + 1, "")


def add_item(line: Property, item: str) -> Edit:
    """Return the edit that adds an item at the end of a list."""
    column = line.value_column + len(line.value)
    return Edit(line.line, column, line.line, column, f",{item}" if line.value else item)


def remove_repeated_item(line: Property, item: str) -> Edit:
    """Return the edit that removes the last of an item that a list names several times."""
    parts = line.value.split(",")
    names = [part.partition(":")[0].strip() for part in parts]
    last = len(names) - 1 - names[::-1].index(item)
    column = line.value_column + len(",".join(parts[:last]))
    return Edit(line.line, column, line.line, column + len(parts[last]) + 1, "")
