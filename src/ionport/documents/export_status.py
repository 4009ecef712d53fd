"""A document's export status, derived from its deliveries, and the ERP's status.

Called by exports, in the transaction of the delivery.
"""

from __future__ import annotations

from ionport.core.clock import Clock
from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.documents.model import (
    EXPORT_STATUSES,
    DocumentStatus,
    ErpStatus,
    LockedDocument,
    TimelineKind,
)
from ionport.documents.repository import DocumentRepository
from ionport.documents.review.life_cycle import BY_PERSON, PENDING
from ionport.documents.review.service import ReviewService
from ionport.documents.timeline import Timeline
from ionport.store import OrganizationScope, ScopedWork


class ExportStatusService:
    """Writes the statuses that follow from the deliveries of a document."""

    def __init__(self, clock: Clock, timeline: Timeline, review: ReviewService) -> None:
        self._clock = clock
        self._timeline = timeline
        self._review = review

    def record(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        status: DocumentStatus,
        text: str,
        actor_name: str = "ionport",
        locked: LockedDocument | None = None,
        erp: tuple[ErpStatus | None, str] | None = None,
    ) -> None:
        """Set the status that the document's deliveries give it, with the reason in the timeline.

        Called by exports in the transaction of the delivery; the same status again is only a
        note, and none without a text. `locked` is what `locked_document` returned in it. `erp` are
        the ERP's status and reference, where they may have changed. Raises NotFound.
        """
        if status not in EXPORT_STATUSES:
            raise ValueError(f"{status} does not follow from deliveries")
        repository = DocumentRepository(access.connection)
        locked = locked or locked_document(access, document_id)
        previous = locked.status
        changed: dict[str, object] = {}
        if erp is not None and erp != (locked.erp_status, locked.erp_reference):
            changed = {"erp_status": erp[0], "erp_reference": erp[1] or None}
        if status is DocumentStatus.VALIDATED_PENDING_EXPORT:
            document = repository.find(access.scope, document_id)
            if document is None:
                raise no_document()
            status, _cause = self._review.standing(access, document, locked.open_findings)
        waits = previous in PENDING or (
            previous is DocumentStatus.READY_FOR_VALIDATION and locked.open_findings > 0
        )
        stays = previous in BY_PERSON or (waits and status is not DocumentStatus.EXPORTED)
        if previous is status or stays:
            if changed:
                repository.set_export(access.scope, document_id, changed)
            if text:
                self._timeline.tell(access, document_id, TimelineKind.NOTE, text, actor_name)
            return
        changed |= {"status": status.value, "updated_at": self._clock.now()}
        repository.set_export(access.scope, document_id, changed)
        self._timeline.tell(
            access,
            document_id,
            TimelineKind.STATUS_CHANGE,
            text,
            actor_name,
            change=(previous, status),
        )


def locked_document(access: ScopedWork[OrganizationScope], document_id: str) -> LockedDocument:
    """Keep others from changing a document until the transaction ends; raises NotFound."""
    locked = DocumentRepository(access.connection).lock(access.scope, document_id)
    if locked is None:
        raise no_document()
    return locked


def no_document() -> NotFound:
    """Return the error that there is no such document."""
    return NotFound(_("There is no such document."), code="no_document")
