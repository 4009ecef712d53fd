"""The contents of data objects as rows (docs/reference/data-fabric.md#data-catalog)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ionport.sandbox.datafabric.compass.model import QueryFailed
from ionport.sandbox.datafabric.model import CatalogObject, ObjectType
from ionport.sandbox.kit.texts import quoted

MAX_COLUMNS: Final = 1_000
_AFFINITIES: Mapping[str, str] = {
    "integer": "INTEGER",
    "number": "REAL",
    "string": "TEXT",
    "boolean": "TEXT",
}
_INT64 = 1 << 63

Value = str | int | float | None
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an object; `affinity` is SQLite's, empty when the schema names no type."""

    name: str
    affinity: str = ""


def schema_columns(entry: CatalogObject) -> list[Column]:
    """Return the columns that an object's schema names, by their `x-position`."""
    schema = entry.schema if isinstance(entry.schema, dict) else {}
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return []
    named = [(str(name), one if isinstance(one, dict) else {}) for name, one in properties.items()]
    named.sort(key=lambda pair: _position(pair[1]))
    return [Column(name, _affinity(one)) for name, one in named[:MAX_COLUMNS]]


def read_rows(entry: CatalogObject, content: bytes, source: str) -> Iterator[Row]:
    """Yield the rows of one data object; raises QueryFailed naming `source`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QueryFailed(f"Data object {source} is not UTF-8.") from error
    if entry.type is ObjectType.DSV:
        yield from _separated(entry, text, source)
    else:
        yield from _json_lines(text, source)


def count_rows(entry: CatalogObject, content: bytes) -> int:
    """Return how many records a content has: lines of JSON or DSV, else one."""
    if not entry.type.is_queried:
        return 1
    lines = sum(1 for line in content.splitlines() if line.strip())
    return max(lines - _header_lines(entry), 0) if entry.type is ObjectType.DSV else lines


def plain(value: Any) -> Value:
    """Return a value of JSON as SQLite keeps it."""
    if value is None or isinstance(value, str | float):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json_lines(text: str, source: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise QueryFailed(f"Line {number} of data object {source} is not JSON.") from error
        for each in row if isinstance(row, list) else [row]:
            if not isinstance(each, dict):
                raise QueryFailed(f"Line {number} of data object {source} is no JSON object.")
            yield each


def _separated(entry: CatalogObject, text: str, source: str) -> Iterator[Row]:
    dialect = _dialect(entry)
    separator = dialect.get("separator")
    separator = separator if isinstance(separator, str) and len(separator) == 1 else ","
    if separator in '"\r\n':
        raise QueryFailed(f"The schema of {entry.name} has the separator {quoted(separator)}.")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    names = [column.name for column in schema_columns(entry)]
    skipped, header = _whole(dialect.get("skipLines")), _header_lines(entry)
    try:
        for number, cells in enumerate(lines):
            if number < skipped or not cells:
                continue
            if number - skipped < header:
                names = cells if number - skipped == header - 1 else names
                continue
            yield {name: cell if cell else None for name, cell in zip(names, cells, strict=False)}
    except csv.Error as error:
        raise QueryFailed(f"Data object {source} cannot be read: {error}.") from error


def _dialect(entry: CatalogObject) -> Mapping[str, Any]:
    schema = entry.schema if isinstance(entry.schema, dict) else {}
    dialect = schema.get("dialect")
    return dialect if isinstance(dialect, dict) else {}


def _header_lines(entry: CatalogObject) -> int:
    return 1 if _whole(_dialect(entry).get("headerLine")) else 0


def _whole(value: Any) -> int:
    """Return a number of lines; the number may be a text, and true counts as one."""
    text = str(value).strip().lower()
    if text == "true":
        return 1
    return min(int(text), 1_000) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _position(schema: Mapping[str, Any]) -> int:
    text = str(schema.get("x-position", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1 << 30


def _affinity(schema: Mapping[str, Any]) -> str:
    kinds: Any = schema.get("type", "")
    named: Sequence[Any] = kinds if isinstance(kinds, list) else [kinds]
    known = [_AFFINITIES[each] for each in named if isinstance(each, str) and each in _AFFINITIES]
    return known[0] if len(known) == 1 else ""
