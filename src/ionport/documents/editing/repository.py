"""The only SQL of documents that are edited at the moment."""

from __future__ import annotations

from sqlalchemy import select

from ionport.documents.editing.model import EditLock
from ionport.documents.editing.tables import document_edits
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, columns_of, in_scope

_e = document_edits.c


class EditRepository(Repository):
    """The locks of one organization's documents, lapsed ones among them."""

    def find(self, scope: OrganizationScope, document_id: str) -> EditLock | None:
        row = self._run(
            select(_e.document_id, _e.person_id, _e.person, _e.since, _e.until).where(
                in_scope(document_edits, scope, document_id=document_id)
            )
        ).one_or_none()
        return EditLock(**row._asdict()) if row else None

    def put(self, scope: OrganizationScope, lock: EditLock) -> None:
        """Write a lock in the place of the one before."""
        own = columns_of(document_edits, lock, organization_id=scope.organization_id)
        self._put(document_edits, **own)

    def remove(self, scope: OrganizationScope, document_id: str, person_id: str) -> None:
        """Remove the lock of a person; that of another one stays."""
        self._delete(document_edits, scope, document_id=document_id, person_id=person_id)
