"""Fills a table with many rows by one statement: for plans and budgets of statements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    Table,
    Text,
    insert,
    literal,
    literal_column,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from ionport.store.schema import Moment, to_microseconds

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTE = 60_000_000


def number() -> ColumnElement[int]:
    """The number of a row, from 1: for the values that `fill` is told."""
    return literal_column("numbered.number", Integer)


def text_of(prefix: str) -> ColumnElement[str]:
    """A text that ends in the number of the row."""
    return literal(prefix).concat(literal_column("CAST(numbered.number AS TEXT)", Text))


def one_of(*texts: str) -> ColumnElement[str]:
    """One of some texts, by turns."""
    cases = " ".join(f"WHEN {place} THEN '{text}'" for place, text in enumerate(texts))
    return literal_column(f"CASE numbered.number % {len(texts)} {cases} END", Text)


def moment() -> ColumnElement[int]:
    """A moment, one minute after that of the row before."""
    return literal_column(f"{to_microseconds(FIRST)} + numbered.number * {_MINUTE}", Integer)


def fill(
    connection: Connection, table: Table, count: int, told: Mapping[str, ColumnElement[object]]
) -> None:
    """Insert rows; a column that is not told has an empty value, or none where that may be."""
    numbers = select(literal(1).label("number")).cte("numbered", recursive=True)
    following = select(numbers.c.number + 1).where(numbers.c.number < count)
    numbers = numbers.union_all(following)
    chosen = {
        each.name: told.get(each.name, _empty(each))
        for each in table.columns
        if each.name in told or not each.nullable
    }
    query = select(*(value.label(name) for name, value in chosen.items())).select_from(numbers)
    connection.execute(insert(table).from_select(list(chosen), query))


def _empty(of: Column[object]) -> ColumnElement[object]:
    if isinstance(of.type, Moment):
        return moment()
    if isinstance(of.type, JSON):
        return literal_column("'{}'")
    if isinstance(of.type, Boolean):
        return literal_column("FALSE")
    if isinstance(of.type, Integer | Float):
        return literal_column("0")
    if isinstance(of.type, LargeBinary):
        return literal_column("''")
    return literal("", Text)
