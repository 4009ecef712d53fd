"""Shows others who edits a document. What is saved is guarded by the values that a form showed."""

from __future__ import annotations

from ionport.core.clock import Clock
from ionport.core.errors import existing
from ionport.core.i18n import _
from ionport.documents.editing.model import LAPSES_AFTER, EditLock
from ionport.documents.editing.repository import EditRepository
from ionport.documents.model import TimelineKind
from ionport.documents.repository import DocumentRepository
from ionport.documents.retention.content import require_content
from ionport.documents.review.decisions.recording import person_id
from ionport.documents.timeline import Timeline
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope


class EditingService:
    """Locks of documents: they lapse by themselves and can be taken over."""

    def __init__(self, clock: Clock, timeline: Timeline) -> None:
        self._clock = clock
        self._timeline = timeline

    def begin(self, access: Access[OrganizationScope], document_id: str) -> EditLock | None:
        """Take or renew the lock for the actor; returns that of another person where one stands.

        Raises Forbidden and NotFound, and Conflict for a document without content (`purged`).
        """
        self._lock(access, document_id)
        other = self.other(access, document_id)
        if other is None:
            self._put(access, document_id)
        return other

    def take_over(self, access: Access[OrganizationScope], document_id: str) -> None:
        """Take the lock, also from another person, which the timeline tells.

        Errors as `begin`.
        """
        self._lock(access, document_id)
        other = self.other(access, document_id)
        self._put(access, document_id)
        if other is not None:
            self._timeline.tell(
                access,
                document_id,
                TimelineKind.NOTE,
                "",
                access.actor.name,
                code="edit_taken_over",
                parameters={"person": other.person},
            )

    def end(self, access: Access[OrganizationScope], document_id: str) -> None:
        """Remove the actor's lock; that of another person stays. Raises Forbidden."""
        access.require_organization_member()
        EditRepository(access.connection).remove(access.scope, document_id, person_id(access.actor))

    def other(self, access: Access[OrganizationScope], document_id: str) -> EditLock | None:
        """Return the lock of another person that has not lapsed."""
        found = EditRepository(access.connection).find(access.scope, document_id)
        is_own = found is not None and found.person_id == person_id(access.actor)
        return None if found is None or is_own or found.until <= self._clock.now() else found

    def _lock(self, access: Access[OrganizationScope], document_id: str) -> None:
        """Make two people who begin at the same moment wait for each other."""
        locked = DocumentRepository(access.connection).lock(access.scope, document_id)
        locked = existing(locked, _("There is no such document."), code="no_document")
        access.require(Permission.EDIT, locked.document_type)
        require_content(locked.purged_at)

    def _put(self, access: Access[OrganizationScope], document_id: str) -> None:
        repository, now = EditRepository(access.connection), self._clock.now()
        before = repository.find(access.scope, document_id)
        is_own = before is not None and before.person_id == person_id(access.actor)
        since = before.since if before is not None and is_own and before.until > now else now
        lock = EditLock(
            document_id, person_id(access.actor), access.actor.name, since, now + LAPSES_AFTER
        )
        repository.put(access.scope, lock)
