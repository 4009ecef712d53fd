"""The only SQL of documents."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import isfinite
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ionport.documents.model import (
    Document,
    DocumentStatus,
    ErpStatus,
    LockedDocument,
    TimelineEntry,
)
from ionport.documents.tables import document_timeline, documents
from ionport.documents.types import date_of, number_of
from ionport.identity.tables import organizations
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

MAX_TIMELINE = 500

# Built once: each delivery runs these several times, and building them costs as much as running.
_IS_THIS = (
    documents.c.organization_id == bindparam("organization"),
    documents.c.id == bindparam("document"),
)
_FIND = select(documents).where(*_IS_THIS)
_STANDING = select(documents.c.status, documents.c.open_findings).where(*_IS_THIS)
_LOCK = (
    select(
        documents.c.status,
        documents.c.document_type,
        documents.c.sub_organization_id,
        documents.c.open_findings,
        documents.c.purged_at,
        documents.c.erp_status,
        documents.c.erp_reference,
    )
    .where(*_IS_THIS)
    .with_for_update()
)
_UPDATE = update(documents).where(*_IS_THIS)
_timeline = document_timeline.alias()
_ADD_ENTRY = insert(document_timeline).values(
    position=select(func.coalesce(func.max(_timeline.c.position), 0) + 1)
    .where(_timeline.c.document_id == bindparam("of_document"))
    .scalar_subquery(),
    **{
        column.name: bindparam(column.name)
        for column in document_timeline.c
        if column.name != "position"
    },
)


_ADD_NEW = insert(documents)
_ADD_FIRST_ENTRIES = insert(document_timeline)
_BY_CONTENTS = select(
    documents.c.content_sha256, documents.c.id, documents.c.document_type, documents.c.purged_at
).where(
    documents.c.organization_id == bindparam("organization"),
    documents.c.content_sha256.in_(bindparam("contents", expanding=True)),
)


# The fields in the search index: addresses, dates and codes are left out to keep it small.
_SEARCHED: Final = (
    *("supplier_name", "supplier_id", "supplier_tax_id", "supplier_tax_number", "supplier_iban"),
    *("buyer_name", "purchase_order", "sales_order", "reference", "contract_reference"),
    *("payment_reference", "preceding_invoice", "despatch_advice", "total_amount", "amount_due"),
)

# How much of a value the columns have by which lists are sorted: PostgreSQL's indexes hold 2,704
# bytes of a row, and the place in a list has to fit into an address.
_LONGEST: Final = 300
# The fields that have a column of their own under their id.
_COPIED: Final = (
    *("supplier_name", "supplier_id", "purchase_order", "due_date"),
    *("total_amount", "total_net_amount", "currency"),
)


class DocumentRepository(Repository):
    """Documents of one organization."""

    def add_all(self, scope: OrganizationScope, new: Sequence[Document]) -> bool:
        """Add documents; False, and none is added, when one's content has come in meanwhile."""
        if not new:
            return True
        try:
            with self._connection.begin_nested():
                self._run(_ADD_NEW, [_columns(scope, document) for document in new])
        except IntegrityError:
            if not self.find_by_contents(scope, [document.content_sha256 for document in new]):
                raise
            return False
        return True

    def find(self, scope: OrganizationScope, document_id: str) -> Document | None:
        found = self._run(_seen(_FIND, scope), _key(scope, document_id))
        row = found.one_or_none()
        if row is None:
            return None
        other = row.duplicate_of
        if other and scope.document_types is not None and not self.filenames(scope, [other]):
            return replace(_document(row), duplicate_of=None)
        return _document(row)

    def filenames(self, scope: OrganizationScope, ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of those of these documents that are in the scope, by id."""
        wanted = select(documents.c.id, documents.c.filename)
        rows = self._run(wanted.where(_own(scope), documents.c.id.in_(ids)))
        return {row.id: row.filename for row in rows}

    def find_by_contents(
        self, scope: OrganizationScope, contents: Sequence[str]
    ) -> Mapping[str, tuple[str | None, datetime | None]]:
        """Return the documents with these contents (SHA-256): id and `purged_at`, by content.

        Instead of the id there is None for a document of a type that is not seen.
        """
        parameters = {"organization": scope.organization_id, "contents": contents}
        rows = self._run(_BY_CONTENTS, parameters)
        seen = scope.document_types
        return {
            row.content_sha256: (
                row.id if seen is None or row.document_type in seen else None,
                row.purged_at,
            )
            for row in rows
        }

    def is_sub_organization(self, scope: OrganizationScope, sub_organization_id: str) -> bool:
        found = self._run(
            select(organizations.c.id).where(
                organizations.c.id == sub_organization_id,
                organizations.c.parent_id == scope.organization_id,
            )
        ).scalar_one_or_none()
        return found is not None

    def count_since(self, scope: OrganizationScope, since: datetime) -> int:
        return self._count(documents, _own(scope), documents.c.created_at >= since)

    def count_of_place(self, scope: OrganizationScope, sub_organization_id: str | None) -> int:
        """Return how many documents belong to a sub-organization; None: to the organization."""
        place = documents.c.sub_organization_id.is_not_distinct_from(sub_organization_id)
        return self._count(documents, _own(scope), place)

    def lock(self, scope: OrganizationScope, document_id: str) -> LockedDocument | None:
        """Lock a document until the transaction ends, and return what exports read of it."""
        found = self._run(_seen(_LOCK, scope), _key(scope, document_id))
        row = found.one_or_none()
        if row is None:
            return None
        status = DocumentStatus(row.status)
        return LockedDocument(
            status,
            row.document_type,
            row.sub_organization_id,
            row.open_findings,
            row.purged_at,
            ErpStatus(row.erp_status) if row.erp_status else None,
            row.erp_reference or "",
        )

    def lock_status(self, scope: OrganizationScope, document_id: str) -> DocumentStatus | None:
        """Lock a document until the transaction ends, and return its status."""
        locked = self.lock(scope, document_id)
        return locked.status if locked else None

    def set_status(
        self, scope: OrganizationScope, document_id: str, status: DocumentStatus, at: datetime
    ) -> None:
        values = {"status": status.value, "updated_at": at}
        self._run(_UPDATE, {**_key(scope, document_id), **values})

    def set_export(
        self, scope: OrganizationScope, document_id: str, values: Mapping[str, Any]
    ) -> None:
        """Write columns of the export status and of the ERP's."""
        self._run(_UPDATE, {**_key(scope, document_id), **values})

    def set_values(
        self,
        scope: OrganizationScope,
        document_id: str,
        document_type: str,
        fields: Mapping[str, str],
        tables: Mapping[str, tuple[Mapping[str, str], ...]],
        search_text: str,
        at: datetime,
    ) -> None:
        """Write the document's values after a correction."""
        values = {**_said(document_type, fields, tables, search_text), "updated_at": at}
        self._run(_UPDATE.values(values), _key(scope, document_id))

    def set_place(
        self, scope: OrganizationScope, document_id: str, sub_organization_id: str | None
    ) -> None:
        """Write the sub-organization that the document belongs to."""
        values = {"sub_organization_id": sub_organization_id}
        self._run(_UPDATE, {**_key(scope, document_id), **values})

    def set_duplicate_of(
        self, scope: OrganizationScope, document_id: str, other_id: str | None
    ) -> None:
        values = {"duplicate_of": other_id}
        self._run(_UPDATE, {**_key(scope, document_id), **values})

    def set_open_findings(
        self, scope: OrganizationScope, document_id: str, count: int, at: datetime
    ) -> None:
        values = {"open_findings": count, "updated_at": at}
        self._run(_UPDATE, {**_key(scope, document_id), **values})

    def standing(
        self, scope: OrganizationScope, document_id: str
    ) -> tuple[DocumentStatus, int] | None:
        """Return the status and how many findings hold the document, without a lock."""
        found = self._run(_seen(_STANDING, scope), _key(scope, document_id))
        row = found.one_or_none()
        return (DocumentStatus(row.status), row.open_findings) if row else None


class TimelineRepository(Repository):
    """What happened to a document."""

    def add(self, scope: OrganizationScope, document_id: str, entry: TimelineEntry) -> None:
        values = {**_entry_columns(scope, document_id, entry), "of_document": document_id}
        self._run(_ADD_ENTRY, values)

    def begin(
        self, scope: OrganizationScope, entries: Mapping[str, Sequence[TimelineEntry]]
    ) -> None:
        """Write the first entries of new documents, by document, in their order."""
        rows = [
            {**_entry_columns(scope, document_id, entry), "position": position}
            for document_id, of_document in entries.items()
            for position, entry in enumerate(of_document, start=1)
        ]
        self._run(_ADD_FIRST_ENTRIES, rows)

    def list(self, scope: OrganizationScope, document_id: str) -> list[TimelineEntry]:
        """Return the newest entries first, at most `MAX_TIMELINE`."""
        table = document_timeline
        return self._all(
            select(table)
            .where(in_scope(table, scope, document_id=document_id))
            .order_by(table.c.position.desc())
            .limit(MAX_TIMELINE),
            _entry,
        )

    def has_code(self, scope: OrganizationScope, document_id: str, code: str) -> bool:
        """Tell whether the document has an entry of a code."""
        table = document_timeline
        found = self._run(
            select(table.c.id)
            .where(in_scope(table, scope, document_id=document_id, code=code))
            .limit(1)
        )
        return found.one_or_none() is not None


def search_text(filename: str, document_id: str, fields: Mapping[str, str]) -> str:
    """Return the text that the list's search looks in: numbers, names and amounts."""
    searched = (fields.get(name, "") for name in _SEARCHED)
    texts = dict.fromkeys((filename, document_id, number_of(fields), *searched))
    return "\n".join(filter(None, texts)).casefold()


def _columns(scope: OrganizationScope, document: Document) -> dict[str, Any]:
    """Return the columns of a new document."""
    text = search_text(document.filename, document.id, document.fields)
    said = _said(document.document_type, document.fields, document.tables, text)
    return columns_of(documents, document, organization_id=scope.organization_id, **said)


def _entry_columns(
    scope: OrganizationScope, document_id: str, entry: TimelineEntry
) -> dict[str, Any]:
    own = {"organization_id": scope.organization_id, "document_id": document_id}
    return columns_of(document_timeline, entry, text=entry.stored_text, **own)


def _said(
    document_type: str,
    fields: Mapping[str, str],
    tables: Mapping[str, tuple[Mapping[str, str], ...]],
    search_text: str,
) -> dict[str, Any]:
    """Return the columns of a document's values."""
    return {
        "document_type": document_type,
        "fields": dict(fields),
        "tables": {name: [dict(row) for row in rows] for name, rows in tables.items()},
        "number": number_of(fields),
        "invoice_date": date_of(fields)[:_LONGEST],
        **{name: fields.get(name, "")[:_LONGEST] for name in _COPIED},
        "number_key": number_of(fields).casefold()[:_LONGEST],
        "total_number": _number(fields.get("total_amount", "")),
        "net_number": _number(fields.get("total_net_amount", "")),
        "search_text": search_text,
    }


def _number(text: str) -> float:
    """Return an amount as a number to sort by; 0 for what is none."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if isfinite(number) else 0.0


def _key(scope: OrganizationScope, document_id: str) -> dict[str, Any]:
    return {"organization": scope.organization_id, "document": document_id}


def _own(scope: OrganizationScope) -> ColumnElement[bool]:
    own = documents.c.organization_id == scope.organization_id
    if scope.document_types is None:
        return own
    return and_(own, documents.c.document_type.in_(sorted(scope.document_types)))


def _seen(statement: Select[Any], scope: OrganizationScope) -> Select[Any]:
    """Return a statement about one document, for the types of documents that are seen."""
    if scope.document_types is None:
        return statement
    return statement.where(documents.c.document_type.in_(sorted(scope.document_types)))


_document = reader(
    Document, tables=lambda row: {name: tuple(rows) for name, rows in row.tables.items()}
)


_entry = reader(TimelineEntry, stored_text="text")
