"""The only SQL of the list of documents.

Every order has an index, by which a page is read from its place on. Where a filter leaves few
documents they are sorted instead. PostgreSQL decides that by its statistics; SQLite is told, by the
counts that the database keeps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import isqrt
from typing import Any

from sqlalchemy import Connection, Double, Row, Text, func, literal, select, tuple_

from ionport.core.paging import Page, PageRequest
from ionport.documents.listing.conditions import (
    found_ids,
    is_of_receipt,
    matching,
    of_filter,
    of_page,
    of_search,
    own,
    unindexed,
)
from ionport.documents.listing.model import (
    MOST_COUNTED,
    Counts,
    Cursor,
    KeyValue,
    ListPage,
    ListQuery,
    cursor_invalid,
    is_prefix,
    search_of,
)
from ionport.documents.model import (
    DocumentFilter,
    DocumentSort,
    DocumentStatus,
    DocumentSummary,
    ErpStatus,
)
from ionport.documents.sight import Sight
from ionport.documents.tables import document_counts, documents
from ionport.store import Moment, OrganizationScope, to_microseconds
from ionport.store.repository import Repository

_NAMES = [one.name for one in dataclasses.fields(DocumentSummary) if one.name in documents.c]
_SUMMARY = [documents.c[name] for name in _NAMES]
_c, _n = documents.c, document_counts.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MOMENT = to_microseconds(datetime(9000, 1, 1, tzinfo=UTC))
_ORDERS: dict[DocumentSort, tuple[Any, ...]] = {
    DocumentSort.CREATED_AT: (_c.created_at, _c.id),
    DocumentSort.UPDATED_AT: (_c.updated_at, _c.id),
    DocumentSort.FILENAME: (_c.filename, _c.id),
    DocumentSort.STATUS: (_c.status, _c.created_at, _c.id),
    DocumentSort.DOCUMENT_TYPE: (_c.document_type, _c.id),
    DocumentSort.NUMBER: (_c.number_key, _c.id),
    DocumentSort.SUPPLIER_NAME: (_c.supplier_name, _c.id),
    DocumentSort.INVOICE_DATE: (_c.invoice_date, _c.id),
    DocumentSort.TOTAL_AMOUNT: (_c.total_number, _c.id),
    DocumentSort.DUE_DATE: (_c.due_date, _c.id),
    DocumentSort.PURCHASE_ORDER: (_c.purchase_order, _c.id),
    DocumentSort.SUPPLIER_ID: (_c.supplier_id, _c.id),
    DocumentSort.TOTAL_NET_AMOUNT: (_c.net_number, _c.id),
}


class ListRepository(Repository):
    """Documents of one organization, as lists show them."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._is_sqlite = connection.dialect.name == "sqlite"

    def counts(self, scope: OrganizationScope) -> Counts:
        """Return how many documents there are, as the database has counted them."""
        rows = self._run(
            select(_n.status, _n.document_type, func.sum(_n.number).label("number"))
            .where(_n.organization_id == scope.organization_id)
            .group_by(_n.status, _n.document_type)
        )
        return Counts(
            {
                (DocumentStatus(row.status), row.document_type): int(row.number)
                for row in rows
                if row.number
                and (scope.document_types is None or row.document_type in scope.document_types)
            }
        )

    def count(self, scope: OrganizationScope, wanted: DocumentFilter) -> int:
        """Return how many documents a filter finds, however many those are."""
        conditions = matching(self._connection, scope, wanted)
        return self._count(documents, *conditions)

    def page(self, scope: OrganizationScope, query: ListQuery, counts: Counts) -> ListPage:
        """Return the rows behind (or before) the query's place, and how many there are in all.

        What is searched by the beginning of numbers comes in the order of the numbers. Raises
        InvalidInput (`cursor_invalid`) for a place of another order.
        """
        if query.by_prefix:
            query = dataclasses.replace(query, sort=DocumentSort.NUMBER, descending=False)
        size = self._size(scope, query.wanted, counts)
        is_back = query.cursor is not None and query.cursor.is_before
        descending = query.descending is not is_back
        order = _ORDERS[query.sort]
        rows = self._rows(scope, query, order, size, descending=descending)
        is_full = len(rows) > query.limit
        shown = rows[: query.limit]
        if is_back:
            shown.reverse()
        at_start = not is_full if is_back else query.cursor is None
        at_end = not (query.cursor and query.cursor.values) if is_back else not is_full
        return ListPage(
            items=self._summaries(scope, shown),
            total=size.total,
            has_more=size.has_more,
            previous=None if at_start or not shown else _at(shown[0], query.sort, is_before=True),
            next=None if at_end or not shown else _at(shown[-1], query.sort),
        )

    def _summaries(
        self, scope: OrganizationScope, rows: Iterable[Row[Any]]
    ) -> list[DocumentSummary]:
        items = [_summary(row) for row in rows]
        sight = Sight(self._connection, scope, (one.duplicate_of for one in items))
        return [
            one if sight.sees(one.duplicate_of) else dataclasses.replace(one, duplicate_of=None)
            for one in items
        ]

    def place_of(
        self, scope: OrganizationScope, document_id: str, sort: DocumentSort
    ) -> Cursor | None:
        """Return where a document stands in an order, whatever filter a list has."""
        order = _ORDERS[sort]
        keys = (column.label(f"key_{n}") for n, column in enumerate(order))
        row = self._run(select(*keys).where(own(scope), _c.id == document_id)).one_or_none()
        return _at(row, sort) if row is not None else None

    def offset_page(
        self,
        scope: OrganizationScope,
        page: PageRequest,
        wanted: DocumentFilter,
        sort: DocumentSort,
        *,
        descending: bool,
    ) -> Page[DocumentSummary]:
        """Return a page by its number."""
        rows = self._run(
            select(*_SUMMARY)
            .where(*matching(self._connection, scope, wanted))
            .order_by(*(each.desc() if descending else each.asc() for each in _ORDERS[sort]))
            .limit(page.limit)
            .offset(page.offset)
        )
        return Page(self._summaries(scope, rows), self.count(scope, wanted), page)

    def _size(self, scope: OrganizationScope, wanted: DocumentFilter, counts: Counts) -> _Size:
        counted = counts.of(wanted)
        if wanted.is_counted:
            return _Size(counted, is_few=counted <= _most_sorted(counts.total))
        if search_of(wanted) and not is_prefix(wanted):
            # Counted by the search alone, whatever the filter adds: it ends at a limit.
            query = found_ids(self._connection, scope, wanted).limit(MOST_COUNTED + 1)
            ids = [row.document_id for row in self._run(query)]
            if len(ids) > MOST_COUNTED:
                return _Size(min(counted, MOST_COUNTED), has_more=counted > MOST_COUNTED)
            conditions = (own(scope), *of_filter(wanted), _c.id.in_(ids))
            only_searched = wanted == DocumentFilter(text=wanted.text)
            only_searched = only_searched and scope.document_types is None
            found = select(_c.id).where(*conditions).subquery()
            total = len(ids) if only_searched else self._count(found)
            return _Size(total, is_few=True, ids=ids)
        # So far that it is known whether they are few.
        most = max(MOST_COUNTED, _most_sorted(counts.total))
        conditions = (*matching(self._connection, scope, wanted),)
        total = self._count((select(_c.id).where(*conditions).limit(most + 1)).subquery())
        few = total <= _most_sorted(counts.total)
        return _Size(min(total, MOST_COUNTED), has_more=total > MOST_COUNTED, is_few=few)

    def _rows(
        self,
        scope: OrganizationScope,
        query: ListQuery,
        order: Sequence[Any],
        size: _Size,
        *,
        descending: bool,
    ) -> list[Row[Any]]:
        wanted, searched = query.wanted, bool(search_of(query.wanted)) and not query.by_prefix
        # The order of receipt has an index of each status, and is one of times.
        follows = query.sort is DocumentSort.CREATED_AT and is_of_receipt(wanted)
        is_filtered = self._is_sqlite and not follows and wanted != DocumentFilter(text=wanted.text)
        sorts = self._is_sqlite and size.is_few and (searched or is_filtered)
        filtered = of_page(wanted, is_few=size.is_few) if is_filtered else of_filter(wanted)
        conditions = [own(scope), *filtered]
        if size.ids is not None:
            conditions.append(_c.id.in_(size.ids))
        elif searched:
            # So many documents meet the filter that the next ones in the order are soon found.
            conditions.append(_c.search_text.contains(search_of(wanted), autoescape=True))
        else:
            conditions += of_search(self._connection, scope, wanted)
        columns = [unindexed(each) for each in order] if sorts else list(order)
        if query.cursor is not None and query.cursor.values:
            there = tuple_(*columns)
            here = tuple_(*map(_typed, _place(query.cursor, query.sort), order))
            conditions.append(there < here if descending else there > here)
        found = (
            select(*_SUMMARY, *(each.label(f"key_{n}") for n, each in enumerate(order)))
            .where(*conditions)
            .order_by(*(each.desc() if descending else each.asc() for each in columns))
            .limit(query.limit + 1)
        )
        return list(self._run(found))


@dataclasses.dataclass(frozen=True, slots=True)
class _Size:
    """How many documents a filter finds: `has_more` than that; few enough to be sorted."""

    total: int
    has_more: bool = False
    is_few: bool = False
    ids: Sequence[str] | None = None
    """Those that a search has found, when they are few."""


def _most_sorted(total: int) -> int:
    """Return how many documents cost less to sort than a page costs to look for among `total`."""
    return isqrt(50 * total)


def _at(row: Row[Any], sort: DocumentSort, *, is_before: bool = False) -> Cursor:
    """Return the place of a row in an order; it names the order, so that no other takes it."""
    values = (getattr(row, f"key_{n}") for n in range(len(_ORDERS[sort])))
    key: Iterable[KeyValue] = (to_microseconds(v) if isinstance(v, datetime) else v for v in values)
    return Cursor((sort.value, *key), is_before)


def _typed(value: Any, column: Any) -> Any:
    """Return a value that is bound as its column's values are."""
    return literal(value, column.type)


def _place(cursor: Cursor, sort: DocumentSort) -> list[Any]:
    """Return the values of a place as the columns have them; InvalidInput: of another order."""
    named, *values = cursor.values
    if named != sort or len(values) != len(_ORDERS[sort]):
        raise cursor_invalid()
    return [_value(value, column) for value, column in zip(values, _ORDERS[sort], strict=True)]


def _value(value: KeyValue, column: Any) -> Any:
    match column.type, value:
        case Moment(), int() if abs(value) <= _LAST_MOMENT:
            return _EPOCH + timedelta(microseconds=value)
        case Double(), int() | float():
            return float(value)
        case Text(), str():
            return value
    raise cursor_invalid()


def _summary(row: Row[Any]) -> DocumentSummary:
    values = {name: getattr(row, name) for name in _NAMES}
    erp = ErpStatus(row.erp_status) if row.erp_status else None
    return DocumentSummary(**{**values, "status": DocumentStatus(row.status), "erp_status": erp})
