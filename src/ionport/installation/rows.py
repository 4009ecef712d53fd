"""Copies all rows of one database into another one, of the same schema and of either kind.

What the database keeps beside documents by triggers (counts, the index of what is searched) is
made by the triggers of the new database
(docs/decisions/0036-the-database-counts-and-indexes-documents.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Integer,
    Text,
    cast,
    column,
    delete,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    text,
    update,
)
from sqlalchemy.exc import DataError

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _

VERSIONS: Final = "alembic_version"
# Its own triggers fill them; the second names a family of tables.
_KEPT_BESIDE: Final = ("document_counts", "document_search")
_BATCH: Final = 1_000
_MODULUS: Final = 1 << 128


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: its rows counted, and a digest that no order of rows changes."""

    rows: int
    digest: str


def copy_rows(source: Connection, target: Connection) -> dict[str, Content]:
    """Copy all rows and the counters of numbers; return what each table holds now.

    The tables of `target` are there and empty. Both are connections in a transaction, which the
    caller commits; each table is read back from `target` and compared.

    Raises:
        InvalidInput: a text cannot be kept by the other database.
        Conflict: what was read back is not what was copied.
    """
    copied = {}
    for name in _tables(target):
        columns = [each["name"] for each in inspect(source).get_columns(name)]
        sums = _Digest()
        try:
            _write(target, name, columns, sums.counting(_read(source, name, columns)))
        except (DataError, ValueError) as error:
            raise _refused(name, error) from error
        found = content_of(target, name, columns)
        if found != sums.content():
            raise Conflict(
                _(
                    "The table {name} did not arrive whole: {found} rows of {wanted}. Nothing was"
                    " moved; try again."
                ).format(name=name, found=found.rows, wanted=sums.content().rows),
                code="copy_differs",
            )
        copied[name] = found
    _copy_counters(source, target)
    return copied


def contents(connection: Connection) -> dict[str, Content]:
    """Return what each table holds, by its name."""
    return {
        name: content_of(
            connection, name, [each["name"] for each in inspect(connection).get_columns(name)]
        )
        for name in _tables(connection)
    }


def content_of(connection: Connection, name: str, columns: Sequence[str]) -> Content:
    """Read a table's rows and return their count and digest."""
    sums = _Digest()
    for _row in sums.counting(_read(connection, name, columns)):
        pass
    return sums.content()


def has_rows(connection: Connection) -> bool:
    """Tell whether any table has a row."""
    return any(
        connection.execute(select(literal(1)).select_from(table(name)).limit(1)).first()
        for name in _tables(connection)
    )


def empty(connection: Connection) -> None:
    """Delete every row, whatever refers to what."""
    for name in reversed(_tables(connection)):
        connection.execute(delete(table(name)))
    connection.execute(delete(table(_KEPT_BESIDE[0])))


class _Digest:
    """Adds the digests of rows: the sum is the same in any order."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def counting(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            digest = hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16)
            self._sum = (self._sum + int.from_bytes(digest.digest())) % _MODULUS
            self._rows += 1
            yield row

    def content(self) -> Content:
        return Content(self._rows, f"{self._sum:032x}")


def _tables(connection: Connection) -> list[str]:
    """Return the tables to copy, each behind those that it refers to."""
    found = inspect(connection).get_sorted_table_and_fkc_names()
    names = [name for name, _keys in found if name is not None]
    return [name for name in names if name != VERSIONS and not name.startswith(_KEPT_BESIDE)]


def _read(connection: Connection, name: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield a table's rows as both databases tell them: JSON as its text, truth as 0 or 1."""
    chosen: list[Any] = [column(each) for each in columns]
    if connection.dialect.name != "sqlite":
        kinds = {each["name"]: str(each["type"]) for each in inspect(connection).get_columns(name)}
        chosen = [
            cast(column(each), Text).label(each) if kinds[each].startswith("JSON") else column(each)
            for each in columns
        ]
    found = connection.execute(
        select(*chosen).select_from(table(name)), execution_options={"yield_per": _BATCH}
    )
    for row in found:
        yield tuple(_plain(value) for value in row)


def _plain(value: Any) -> Any:
    return int(value) if value is True or value is False else value


def _write(
    connection: Connection, name: str, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]
) -> None:
    if connection.dialect.name == "sqlite":
        statement = insert(table(name, *(column(each) for each in columns)))
        while batch := [dict(zip(columns, row, strict=True)) for row in islice(rows, _BATCH)]:
            connection.execute(statement, batch)
        return
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(each) for each in columns)
    driver: Any = connection.connection.driver_connection
    try:
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {quote(name)} ({names}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
    except (driver.DataError, driver.IntegrityError) as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _refused(name: str, error: Exception) -> InvalidInput:
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    return InvalidInput(
        _(
            "A row of the table {name} cannot be kept by the other database: {reason}. Nothing was"
            " moved."
        ).format(name=name, reason=reason),
        code="row_not_copied",
    )


def _copy_counters(source: Connection, target: Connection) -> None:
    """Let the new database go on counting where the old one was, also where rows were deleted."""
    for name in _tables(target):
        key = inspect(target).get_pk_constraint(name)["constrained_columns"]
        if len(key) != 1:
            continue
        last = _last_number(source, name, key[0])
        if last:
            _set_last_number(target, name, key[0], last)


def _last_number(connection: Connection, name: str, key: str) -> int:
    """Return the last number that a counter gave; 0 where the key is no number."""
    sequence = _sequence(connection, name, key)
    if connection.dialect.name == "sqlite":
        if not sequence:
            kind = inspect(connection).get_columns(name)
            if not any(each["name"] == key and "INT" in str(each["type"]) for each in kind):
                return 0
            return int(
                connection.execute(select(func.max(column(key))).select_from(table(name))).scalar()
                or 0
            )
        found = select(column("seq", Integer)).select_from(table("sqlite_sequence"))
        return int(connection.execute(found.where(column("name") == name)).scalar() or 0)
    if not sequence:
        return 0
    state = text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
    return int(connection.execute(state).scalar() or 0)


def _set_last_number(connection: Connection, name: str, key: str, last: int) -> None:
    sequence = _sequence(connection, name, key)
    if not sequence:
        return
    if connection.dialect.name == "sqlite":
        counters = table("sqlite_sequence", column("name"), column("seq"))
        mine = update(counters).where(counters.c.name == name).values(seq=last)
        if not connection.execute(mine).rowcount:
            connection.execute(insert(counters).values(name=name, seq=last))
        return
    connection.execute(
        text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last}
    )


def _sequence(connection: Connection, name: str, key: str) -> str:
    """Return what counts a table's numbers; empty where nothing but its rows does."""
    if connection.dialect.name == "sqlite":
        made = select(column("sql", Text)).select_from(table("sqlite_master"))
        text_of = connection.execute(made.where(column("name") == name)).scalar() or ""
        return name if "AUTOINCREMENT" in text_of.upper() else ""
    quoted = connection.dialect.identifier_preparer.quote(name)
    asked = text("SELECT pg_get_serial_sequence(:name, :key)")
    return str(connection.execute(asked, {"name": quoted, "key": key}).scalar() or "")
