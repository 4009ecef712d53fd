"""Runs a query on a copy of the objects that it names, in a database of SQLite in memory.

What the query may do is asked of an authorizer for each table and function: it reads the copied
objects, and nothing else. Time, rows and bytes are bounded.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from ionport.sandbox.datafabric.compass.content import MAX_COLUMNS, Column, Row, plain
from ionport.sandbox.datafabric.compass.dialect import Translated
from ionport.sandbox.datafabric.compass.functions import MAX_VALUE, add_functions
from ionport.sandbox.datafabric.compass.model import (
    MAX_RESULT_BYTES,
    MAX_RESULT_ROWS,
    MAX_SECONDS,
    READS_ONLY,
    Columns,
    QueryFailed,
)

_ALLOWED: Final = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE))
_HIDDEN: Final = ("sqlite_", "pragma_", "dbstat", "bytecode", "tables_used")
# The last five may run for minutes within one step, where nothing can stop them.
_REFUSED_FUNCTIONS: Final = frozenset(
    (
        *("load_extension", "fts3_tokenizer", "zeroblob", "randomblob"),
        *("printf", "format", "json_patch", "jsonb_patch", "glob"),
    )
)
# One step may copy a value of 7 MB: few enough that the time is looked at often.
_STEPS: Final = 200
_BATCH: Final = 1_000
# The row id of a row is its object's number times this, plus its place in the object.
PER_OBJECT: Final = 1 << 32
_LIMITS: Mapping[int, int] = {
    sqlite3.SQLITE_LIMIT_LENGTH: MAX_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 400_000,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
}


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of one data object, and when it was stored as Compass writes it."""

    rows: Iterable[Row]
    modified: str


@dataclass(frozen=True, slots=True)
class Source:
    """An object of the catalog as a table; without columns these are what the rows have."""

    name: str
    columns: Sequence[Column]
    contents: Sequence[Content]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What a query found: columns with their types, and the rows, a JSON list a line."""

    columns: Columns
    row_count: int
    lines: bytes


@dataclass(slots=True)
class Bounds:
    """When a query has to stop; `stop` is set by who cancels it."""

    seconds: float = MAX_SECONDS
    stop: threading.Event = field(default_factory=threading.Event)
    _end: float = 0.0

    def begin(self) -> None:
        """Start the time limit."""
        self._end = time.monotonic() + self.seconds

    def is_over(self) -> bool:
        """Whether the query has to stop."""
        return self.stop.is_set() or time.monotonic() > self._end


def execute(
    query: Translated, sources: Sequence[Source], bounds: Bounds, *, row_limit: int = 0
) -> QueryResult:
    """Run a query over the sources; raises QueryFailed."""
    bounds.begin()
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        connection.set_progress_handler(bounds.is_over, _STEPS)
        modified: list[str] = []
        problems: list[str] = []
        for source in sources:
            try:
                _copy(connection, source, modified, bounds)
            except (sqlite3.Error, UnicodeEncodeError) as error:
                raise _not_copied(error, source.name, bounds) from error
        add_functions(connection, lambda row: modified[row // PER_OBJECT], problems, bounds.is_over)
        connection.set_authorizer(_authorizer({each.name.lower() for each in sources}))
        try:
            return _result(connection.execute(query.sql), row_limit)
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            raise _told(error, bounds, problems) from error
    finally:
        connection.close()


def _copy(
    connection: sqlite3.Connection, source: Source, modified: list[str], bounds: Bounds
) -> None:
    columns, contents = list(source.columns), list(source.contents)
    if not columns:
        # No schema tells them: all rows are looked at first.
        contents = [Content(list(each.rows), each.modified) for each in contents]
        names = dict.fromkeys(name for each in contents for row in each.rows for name in row)
        columns = [Column(name) for name in names]
    columns = list({each.name.lower(): each for each in reversed(columns)}.values())[::-1]
    if len(columns) > MAX_COLUMNS:
        raise QueryFailed(f"Object {source.name} has more than {MAX_COLUMNS} columns.")
    shown = ", ".join(f"{_quoted(each.name)} {each.affinity}" for each in columns)
    table = _quoted(source.name)
    connection.execute(f"CREATE TABLE {table} ({shown or '_empty'})")
    if not columns:
        return
    marks = ", ".join("?" * (len(columns) + 1))
    insert = f"INSERT INTO {table} (rowid, {', '.join(_quoted(c.name) for c in columns)}) VALUES ({marks})"  # noqa: E501, S608 names are quoted
    for content in contents:
        first = len(modified) * PER_OBJECT
        modified.append(content.modified)
        for batch in _batches(_values(content.rows, columns, first)):
            if bounds.is_over():
                raise _stopped(bounds)
            connection.executemany(insert, batch)


def _values(rows: Iterable[Row], columns: Sequence[Column], first: int) -> Iterator[list[Any]]:
    names = [each.name for each in columns]
    for place, row in enumerate(rows):
        yield [first + place, *(plain(row.get(name)) for name in names)]


def _batches(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while batch := [row for row, _number in zip(rows, range(_BATCH), strict=False)]:
        yield batch


def _result(cursor: sqlite3.Cursor, row_limit: int) -> QueryResult:
    most = min(row_limit or MAX_RESULT_ROWS, MAX_RESULT_ROWS)
    names = _distinct(column[0] for column in cursor.description)
    kinds: list[str] = [""] * len(names)
    lines: list[bytes] = []
    size = 0
    for row in cursor:
        if len(lines) == most:
            if row_limit:
                break
            raise QueryFailed(f"The result has more than {MAX_RESULT_ROWS} rows: use LIMIT.")
        kinds = [kind or _kind(value) for kind, value in zip(kinds, row, strict=True)]
        line = json.dumps([_shown(value) for value in row], ensure_ascii=False).encode()
        size += len(line) + 1
        if size > MAX_RESULT_BYTES:
            mb = MAX_RESULT_BYTES // 1_000_000
            raise QueryFailed(f"The result has more than {mb} MB: select fewer columns or rows.")
        lines.append(line)
    columns = [
        {"name": name, "datatype": kind or "string"}
        for name, kind in zip(names, kinds, strict=True)
    ]
    return QueryResult(columns, len(lines), b"\n".join(lines))


def _distinct(names: Iterable[str]) -> list[str]:
    """Return names of which none is there twice, for rows that are JSON objects."""
    found: dict[str, None] = {}
    for name in names:
        free = (f"{name}_{number}" for number in range(2, 5_000))
        found[next(each for each in chain([name], free) if each not in found)] = None
    return list(found)


def _kind(value: Any) -> str:
    if value is None:
        return ""
    return {int: "integer", float: "decimal"}.get(type(value), "string")


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    # JSON cannot write it.
    return str(value) if value in (float("inf"), float("-inf")) else value


def _authorizer(copied: Collection[str]) -> Callable[..., int]:
    """Return SQLite's authorizer for each action of a query; `copied` names the tables."""

    def authorize(action: int, first: str | None, second: str | None, *_where: str | None) -> int:
        if action in _ALLOWED:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            name = (first or "").lower()
            is_hidden = name not in copied and name.startswith(_HIDDEN)
            return sqlite3.SQLITE_DENY if is_hidden else sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _REFUSED_FUNCTIONS:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return authorize


def _not_copied(error: Exception, name: str, bounds: Bounds) -> QueryFailed:
    """Say why the rows of an object are no table."""
    if "interrupted" in str(error):
        return _stopped(bounds)
    if isinstance(error, UnicodeEncodeError):
        text = "a text has half of a surrogate pair, which is no character"
    elif "too big" in str(error):
        text = f"a row has more than {MAX_VALUE // 1_000_000} MB"
    else:
        text = str(error)
    return QueryFailed(f"Object {name} cannot be read: {text}.")


def _told(error: Exception, bounds: Bounds, problems: Sequence[str]) -> QueryFailed:
    text = str(error)
    if "interrupted" in text:
        return _stopped(bounds)
    if problems:
        return QueryFailed(problems[0])
    table = text.removeprefix("no such table: ")
    if table != text:
        return QueryFailed(f"The Data Catalog has no object {table} of type JSON or DSV.")
    function = text.removeprefix("not authorized to use function: ")
    if function != text:
        return QueryFailed(f"The sandbox does not imitate the function {function}.")
    if "not authorized" in text or "prohibited" in text:
        return QueryFailed(READS_ONLY)
    return QueryFailed(f"The query cannot be run: {text}.")


def _stopped(bounds: Bounds) -> QueryFailed:
    if bounds.stop.is_set():
        return QueryFailed("The query was cancelled.")
    return QueryFailed(f"The query took longer than {bounds.seconds:g} seconds.")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'
