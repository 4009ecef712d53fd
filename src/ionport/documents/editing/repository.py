"""The only SQL of documents that are edited at the moment."""

from __future__ import annotations

from sqlalchemy import delete, select

from ionport.documents.editing.model import EditLock
from ionport.documents.editing.tables import document_edits
from ionport.store import OrganizationScope, insert_of
from ionport.store.repository import Repository, in_scope

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
        values = {
            "person_id": lock.person_id,
            "person": lock.person,
            "since": lock.since,
            "until": lock.until,
        }
        new = insert_of(self._connection)(document_edits).values(
            document_id=lock.document_id, organization_id=scope.organization_id, **values
        )
        self._run(new.on_conflict_do_update(index_elements=[_e.document_id], set_=values))

    def remove(self, scope: OrganizationScope, document_id: str, person_id: str) -> None:
        """Remove the lock of a person; that of another one stays."""
        self._run(
            delete(document_edits).where(
                in_scope(document_edits, scope, document_id=document_id, person_id=person_id)
            )
        )
