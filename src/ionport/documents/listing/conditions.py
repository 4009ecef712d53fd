"""The conditions of a filter in SQL, for each database."""

from __future__ import annotations

from collections.abc import Iterator
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
_search = table(
    "document_search",
    *(column(name, Text) for name in ("id", "document_id", "organization_id", "search_text")),
)
_texts = table("document_search_texts", column("rowid", Text))


def matching(
    connection: Connection, scope: OrganizationScope, wanted: DocumentFilter
) -> list[ColumnElement[bool]]:
    """Return the conditions that an organization's documents meet which a filter finds."""
    return [own(scope), *of_filter(wanted), *of_search(connection, scope, wanted)]


def own(scope: OrganizationScope) -> ColumnElement[bool]:
    """Return the condition that a document is the organization's, and of a type that is seen."""
    is_own = documents.c.organization_id == scope.organization_id
    if scope.document_types is None:
        return is_own
    return and_(is_own, documents.c.document_type.in_(sorted(scope.document_types)))


def of_filter(wanted: DocumentFilter, *, no_index: bool = False) -> Iterator[ColumnElement[bool]]:
    """Return the conditions on status, type and time; with `no_index` SQLite uses no index.

    A condition that most documents meet is better checked while rows are read in the list's order.
    """
    c = documents.c
    status, kind, at = (
        (unindexed(each) for each in (c.status, c.document_type, c.created_at))
        if no_index
        else (c.status, c.document_type, c.created_at)
    )
    if len(wanted.statuses) == 1:
        yield status == next(iter(wanted.statuses)).value
    elif wanted.statuses:
        yield status.in_(sorted(wanted.statuses))
    if wanted.document_types:
        yield kind.in_(sorted(wanted.document_types))
    if wanted.received_since is not None:
        yield at >= wanted.received_since
    if wanted.received_until is not None:
        yield at <= wanted.received_until


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
