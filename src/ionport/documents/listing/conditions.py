"""The conditions of a filter in SQL, for each database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from ionport.documents.listing.model import is_prefix, search_of
from ionport.documents.model import DocumentFilter
from ionport.documents.tables import documents
from ionport.store import OrganizationScope

_LAST_SIGN = "\U0010ffff"
_FIRST_DAY, _LAST_DAY = "0001-01-01", "9999-12-31"
_COUNTED = frozenset({"status", "document_type", "created_at"})
"""The columns of filters that many documents may meet."""

_search = table(
    "document_search",
    *(column(name, Text) for name in ("id", "document_id", "organization_id", "search_text")),
)
_texts = table("document_search_texts", column("rowid", Text))


def matching(
    connection: Connection, scope: OrganizationScope, wanted: DocumentFilter
) -> list[ColumnElement[bool]]:
    """Return the conditions that an organization's documents meet which a filter finds."""
    is_sqlite = connection.dialect.name == "sqlite"
    filtered = of_filter(wanted, no_index=_passed_over(wanted) if is_sqlite else ())
    return [own(scope), *filtered, *of_search(connection, scope, wanted)]


def own(scope: OrganizationScope) -> ColumnElement[bool]:
    """Return the condition that a document is the organization's, and of a type that is seen."""
    is_own = documents.c.organization_id == scope.organization_id
    if scope.document_types is None:
        return is_own
    return and_(is_own, documents.c.document_type.in_(sorted(scope.document_types)))


def of_filter(
    wanted: DocumentFilter, *, no_index: Collection[str] = ()
) -> Iterator[ColumnElement[bool]]:
    """Return the conditions on columns; SQLite looks for those of `no_index` in no index.

    A condition that most documents meet is better checked while rows are read in the list's order.
    """

    def column_of(name: str) -> Any:
        return unindexed(documents.c[name]) if name in no_index else documents.c[name]

    if len(wanted.statuses) == 1:
        yield column_of("status") == next(iter(wanted.statuses)).value
    elif wanted.statuses:
        yield column_of("status").in_(sorted(wanted.statuses))
    if wanted.document_types:
        yield column_of("document_type").in_(sorted(wanted.document_types))
    # What has no due date, or one that is no day, is due on none.
    is_due = wanted.due_since or wanted.due_until
    for name, first, last in (
        ("created_at", wanted.received_since, wanted.received_until),
        (
            "due_date",
            wanted.due_since or (is_due and _FIRST_DAY),
            wanted.due_until or (is_due and _LAST_DAY),
        ),
    ):
        if first:
            yield column_of(name) >= first
        if last:
            yield column_of(name) <= last
    for name, text in _equal(wanted).items():
        yield column_of(name) == text


def of_page(wanted: DocumentFilter, *, is_few: bool) -> Iterator[ColumnElement[bool]]:
    """Return the conditions for SQLite, by how many documents meet them.

    Few are found by the index of a condition; among many the list's order is followed.
    """
    return of_filter(wanted, no_index=_passed_over(wanted) if is_few else documents.c.keys())


def is_of_receipt(wanted: DocumentFilter) -> bool:
    """Tell whether the index of the order of receipt has what a filter names, but for its search.

    That is one status at most, and times.
    """
    same = DocumentFilter(
        statuses=wanted.statuses,
        text=wanted.text,
        received_since=wanted.received_since,
        received_until=wanted.received_until,
    )
    return wanted == same and len(wanted.statuses) < 2


def _equal(wanted: DocumentFilter) -> Mapping[str, str]:
    """Return what columns must be equal to: a supplier or an order has few documents."""
    texts = {"supplier_id": wanted.supplier_id, "purchase_order": wanted.purchase_order}
    return {name: text for name, text in texts.items() if text}


def _passed_over(wanted: DocumentFilter) -> Collection[str]:
    """Return the columns in whose index SQLite looks for nothing: another finds fewer."""
    return _COUNTED if _equal(wanted) else ()


def of_search(
    connection: Connection, scope: OrganizationScope, wanted: DocumentFilter
) -> Iterator[ColumnElement[bool]]:
    """Return the condition of the search: by three signs and more, or by a number's beginning."""
    if is_prefix(wanted):
        text = search_of(wanted)
        yield documents.c.number_key >= text
        yield documents.c.number_key <= text + _LAST_SIGN
    elif search_of(wanted):
        yield documents.c.id.in_(found_ids(connection, scope, wanted))


def found_ids(
    connection: Connection, scope: OrganizationScope, wanted: DocumentFilter
) -> Select[tuple[str]]:
    """Return the query of the ids of an organization's documents that have the searched text."""
    text, s = search_of(wanted), _search.c
    if connection.dialect.name == "sqlite":
        quoted = '"' + text.replace('"', '""') + '"'
        is_found: ColumnElement[bool] = literal_column("document_search_texts").op("MATCH")(quoted)
        return (
            select(s.document_id)
            .select_from(_texts.join(_search, s.id == _texts.c.rowid))
            .where(is_found, s.organization_id == scope.organization_id)
        )
    has_trigrams: ColumnElement[bool] = column("trigrams").op("@>")(func.document_trigrams(text))
    return select(s.document_id).where(
        s.organization_id == scope.organization_id,
        has_trigrams,
        s.search_text.contains(text, autoescape=True),
    )


def unindexed(of: Any) -> Any:
    """Return a column as SQLite does not find it in an index (a plus before it)."""
    return UnaryExpression(of, operator=custom_op("+"), type_=of.type)
