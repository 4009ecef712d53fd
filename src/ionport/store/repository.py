"""What repositories share: asking for one row, all rows or a page, and rows made into values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from functools import cache
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Protocol,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Executable,
    FromClause,
    Row,
    Select,
    Table,
    and_,
    delete,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError

from ionport.core.paging import Page, PageRequest
from ionport.store.scopes import OrganizationScope, TenantScope
from ionport.store.upsert import insert_of

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
_Convert = Callable[[Any], Any]


class Repository:
    """The SQL of one subject, run on the connection of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return the `insert` of the connection's database, which has `on_conflict_do_…`."""
        return insert_of(self._connection)(table)

    def _put(self, table: Table, **values: Any) -> None:
        """Store a row, in the place of the one with its primary key."""
        new = self._insert(table).values(values)
        self._run(new.on_conflict_do_update(table.primary_key, set_=values))

    def _run(self, statement: Executable, values: _Parameters = None) -> CursorResult[Any]:
        """Run a statement, once for each set of values."""
        return self._connection.execute(statement, values)

    def _one(
        self, statement: Executable, made: Callable[[Row[Any]], T], values: _Parameters = None
    ) -> T | None:
        """Return what is made of the only row, or None when there is none."""
        row = self._connection.execute(statement, values).one_or_none()
        return None if row is None else made(row)

    def _get(
        self,
        table: Table,
        made: Callable[[Row[Any]], T],
        scope: TenantScope | OrganizationScope,
        /,
        **equal: Any,
    ) -> T | None:
        """Return what is made of the scope's only row with these values, or None."""
        return self._one(select(table).where(in_scope(table, scope, **equal)), made)

    def _all(
        self, statement: Executable, made: Callable[[Row[Any]], T], values: _Parameters = None
    ) -> list[T]:
        """Return what is made of each row."""
        return [made(row) for row in self._connection.execute(statement, values)]

    def _page(
        self, query: Select[Any], page: PageRequest, made: Callable[[Row[Any]], T]
    ) -> Page[T]:
        """Return one page of an ordered query, with the number of all its rows."""
        rows = self._all(query.limit(page.limit).offset(page.offset), made)
        is_last = len(rows) < page.limit and (bool(rows) or not page.offset)
        # The last page says how many there are: they are counted for the others alone.
        total = page.offset + len(rows) if is_last else self._count(query.order_by(None).subquery())
        return Page(rows, total, page)

    def _delete(self, table: Table, scope: TenantScope | OrganizationScope, /, **equal: Any) -> int:
        """Delete the scope's rows with these values; return how many there were."""
        return self._run(delete(table).where(in_scope(table, scope, **equal))).rowcount

    def _count(self, rows: FromClause, *where: ColumnElement[bool]) -> int:
        """Return how many rows meet all conditions."""
        counted = select(func.count()).select_from(rows).where(*where)
        return self._connection.execute(counted).scalar_one()

    def _stored(self, statement: Executable, values: _Parameters = None) -> bool:
        """Run a statement; False, and nothing is done, where a constraint refuses its row."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(statement, values)
        except IntegrityError:
            return False
        return True


def in_scope(
    table: Table, scope: TenantScope | OrganizationScope, /, **equal: Any
) -> ColumnElement[bool]:
    """Return the condition that a row is the scope's, and has these values in these columns."""
    if isinstance(scope, TenantScope):
        condition = table.c.tenant_id == scope.tenant_id
    else:
        condition = table.c.organization_id == scope.organization_id
    return and_(condition, *(table.c[name] == value for name, value in equal.items()))


class RowReader(Protocol[T_co]):
    """Makes a value of a row; `more` are fields that the row does not have."""

    def __call__(self, row: Any, /, **more: Any) -> T_co: ...


def reader(model: type[T], **sources: str | Callable[[Row[Any]], Any]) -> RowReader[T]:
    """Return what makes values of a dataclass of rows: each field of the column of its name.

    A field of an enum gets the member, one of a tuple a tuple. `sources` says for a field the name
    of another column, or a function of the row. Fields without a column keep their default.
    """

    def read(row: Row[Any], /, **more: Any) -> T:
        columns = row._mapping  # noqa: SLF001 - underscored as columns may have any name
        values: dict[str, Any] = {}
        for name, convert in _conversions(cast(Any, model)).items():
            source = sources.get(name, name)
            if name in more:
                values[name] = more[name]
            elif not isinstance(source, str):
                values[name] = source(row)
            elif source in columns:
                value = columns[source]
                values[name] = value if convert is None or value is None else convert(value)
        return model(**values)

    return read


def columns_of(table: Table, value: object, **more: Any) -> dict[str, Any]:
    """Return the columns of a table that a dataclass has under their names, and `more`.

    Members of enums become their values; what is a mapping becomes a dict, for JSON columns.
    """
    found = {c.name: getattr(value, c.name) for c in table.c if hasattr(value, c.name)}
    return {name: _stored_form(each) for name, each in found.items()} | more


def _stored_form(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return dict(value) if isinstance(value, Mapping) else value


@cache
def _conversions(model: Any) -> Mapping[str, _Convert | None]:
    hints = get_type_hints(model)
    return {each.name: _conversion(hints[each.name]) for each in fields(model) if each.init}


def _conversion(hint: Any) -> _Convert | None:
    if get_origin(hint) in (Union, UnionType):
        choices = [each for each in get_args(hint) if each is not type(None)]
        return _conversion(choices[0]) if len(choices) == 1 else None
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return tuple if get_origin(hint) is tuple else None
