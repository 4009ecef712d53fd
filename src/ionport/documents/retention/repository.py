"""The only SQL of retention."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    and_,
    delete,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from ionport.documents.model import DocumentStatus, Row
from ionport.documents.parties.tables import document_parties
from ionport.documents.retention.model import MAX_COUNT, DueDocument
from ionport.documents.retention.tables import document_retention, purged_files
from ionport.documents.tables import IS_DONE_WHOLE, document_renderings, documents
from ionport.store import OrganizationScope, SystemScope, columns_that_name_files
from ionport.store.repository import Repository, in_scope

_d, _r, _p, _made = documents.c, document_retention.c, purged_files.c, document_renderings.c
# A finding that came after the export, as a possible double at Infor, waits for a person. Who has
# rejected or deleted a document has decided about its findings.
_IS_DUE = and_(
    IS_DONE_WHOLE, or_(_d.open_findings == 0, _d.status != DocumentStatus.EXPORTED.value)
)


class RetentionRepository(Repository):
    """Retention periods, due documents, and the files to be deleted."""

    def kept(self, scope: OrganizationScope) -> Mapping[str, int]:
        """Return how many years documents are kept, by type; a type that is missing for ever."""
        rows = self._run(
            select(_r.document_type, _r.keep_years).where(
                _r.organization_id == scope.organization_id
            )
        )
        return {row.document_type: row.keep_years for row in rows}

    def organizations(self, scope: SystemScope) -> Sequence[str]:
        """Return the organizations that keep anything for a time only."""
        del scope
        found = select(_r.organization_id).distinct().order_by(_r.organization_id)
        return self._run(found).scalars().all()

    def put(
        self, scope: OrganizationScope, kind: str, years: int | None, at: datetime, by: str
    ) -> None:
        """Set how long a type is kept; None is for ever."""
        of_type = (_r.organization_id == scope.organization_id, _r.document_type == kind)
        self._run(delete(document_retention).where(*of_type))
        if years is not None:
            self._run(
                insert(document_retention).values(
                    organization_id=scope.organization_id,
                    document_type=kind,
                    keep_years=years,
                    updated_at=at,
                    updated_by=by,
                )
            )

    def count_due(self, scope: OrganizationScope, kind: str, before: datetime) -> int:
        """Return how many documents are due, at most `MAX_COUNT` and one."""
        found = select(_d.id).where(*_due(scope, kind, before)).limit(MAX_COUNT + 1).subquery()
        return self._count(found)

    def due(
        self,
        scope: OrganizationScope,
        kind: str,
        before: datetime,
        after: DueDocument | None,
        limit: int,
    ) -> Sequence[DueDocument]:
        """Return due documents after `after`, those completed first first."""
        query = select(_d.id, _d.updated_at, _d.content_sha256).where(*_due(scope, kind, before))
        if after is not None:
            at = literal(after.done_at, _d.updated_at.type)
            query = query.where(tuple_(_d.updated_at, _d.id) > tuple_(at, after.id))
        rows = self._run(query.order_by(_d.updated_at, _d.id).limit(limit))
        return [DueDocument(row.id, row.updated_at, row.content_sha256) for row in rows]

    def is_due(self, scope: OrganizationScope, document_id: str, before: datetime) -> bool:
        """Tell whether a document, whose row is locked, is still due."""
        query = select(_d.id).where(
            in_scope(documents, scope, id=document_id), _d.updated_at < before, _IS_DUE
        )
        return self._run(query).one_or_none() is not None

    def purge(
        self,
        scope: OrganizationScope,
        document_id: str,
        fields: Row,
        search_text: str,
        at: datetime,
    ) -> None:
        """Keep of what a document says only `fields`, search it by `search_text`, and mark it."""
        own = (_d.organization_id == scope.organization_id, _d.id == document_id)
        values = {
            "fields": dict(fields),
            "tables": {},
            "search_text": search_text,
            "purged_at": at,
            "updated_at": at,
        }
        self._run(update(documents).where(*own).values(values))
        parties = document_parties.c
        self._run(
            delete(document_parties).where(
                parties.organization_id == scope.organization_id, parties.document_id == document_id
            )
        )

    def forget_pages(self, scope: OrganizationScope, content: str) -> Sequence[str]:
        """Forget the PDFs that were made of a content, and return their digests."""
        of_content = (
            _made.organization_id == scope.organization_id,
            _made.content_sha256 == content,
        )
        found = self._run(select(_made.pdf_sha256).where(*of_content))
        names = found.scalars().all()
        self._run(delete(document_renderings).where(*of_content))
        return names

    def release(
        self, scope: SystemScope, names: Iterable[str], at: datetime, *, is_inside: bool
    ) -> None:
        """Note files to be deleted once no row names them any more, in the installation's list."""
        del scope
        rows = [{"name": n, "is_inside": is_inside, "released_at": at} for n in set(names)]
        if rows:
            new = self._insert(purged_files).on_conflict_do_nothing()
            self._run(new, rows)

    def released(
        self, scope: SystemScope, before: datetime, limit: int
    ) -> Sequence[tuple[str, bool]]:
        """Return files that were released before a moment, and whether they stood inside."""
        del scope
        rows = self._run(
            select(_p.name, _p.is_inside)
            .where(_p.released_at < before)
            .order_by(_p.released_at)
            .limit(limit)
        )
        return [(row.name, row.is_inside) for row in rows]

    def named(self, scope: SystemScope, names: Collection[str]) -> set[str]:
        """Return those files that a row of any table names; a purged document names none."""
        del scope
        parts = [
            select(column).select_from(table).where(column.in_(names))
            for table, column in columns_that_name_files(self._connection)
            if table.name != documents.name
        ]
        whole = select(_d.content_sha256).where(
            _d.content_sha256.in_(names), _d.purged_at.is_(None)
        )
        return set(self._run(union_all(whole, *parts)).scalars())

    def settle(
        self, scope: SystemScope, gone: Collection[str], left: Collection[str], at: datetime
    ) -> None:
        """Remove deleted files from the list, and move those that are left to its end."""
        del scope
        self._run(delete(purged_files).where(_p.name.in_(gone)))
        again = update(purged_files).where(_p.name.in_(left)).values(released_at=at)
        self._run(again)


def _due(scope: OrganizationScope, kind: str, before: datetime) -> list[ColumnElement[bool]]:
    return [
        _d.organization_id == scope.organization_id,
        _d.document_type == kind,
        _d.updated_at < before,
        _IS_DUE,
    ]
