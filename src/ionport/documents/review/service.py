"""Findings of documents: added by rules and by the export, decided by a person."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.documents.model import Document, DocumentStatus, TimelineKind
from ionport.documents.repository import DocumentRepository
from ionport.documents.review.claims import Claims
from ionport.documents.review.judging import judge_again
from ionport.documents.review.model import MAX_REASON, DocumentHeld, Finding, NewFinding
from ionport.documents.review.repository import FindingRepository
from ionport.documents.timeline import Timeline
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope, Work

_NAMED_IN_AUDIT = 20


class ReviewService:
    """What holds a document, and what frees it."""

    def __init__(self, clock: Clock, audit: AuditLog, timeline: Timeline) -> None:
        self._clock = clock
        self._audit = audit
        self._timeline = timeline
        self.claims = Claims(clock)

    def list(self, work: Work, scope: OrganizationScope, document_id: str) -> list[Finding]:
        """Return the findings of a document, oldest first, at most 500."""
        return FindingRepository(work.connection).of_document(scope, document_id)

    def add(
        self,
        work: Work,
        scope: OrganizationScope,
        document_id: str,
        code: str,
        parameters: Mapping[str, str],
        *,
        actor_name: str = "ionport",
    ) -> bool:
        """Add a finding and tell the timeline; False when the document has this very one already.

        A finding that holds puts a document that was ready for export back to *Ready for
        validation*; the status of an exported one still follows from its deliveries.
        Raises NotFound.
        """
        documents = DocumentRepository(work.connection)
        status = documents.lock_status(scope, document_id)
        if status is None:
            raise NotFound(_("There is no such document."), code="no_document")
        new = NewFinding(code, parameters)
        findings = FindingRepository(work.connection)
        if not findings.add(scope, new_id("fnd"), document_id, new, self._clock.now()):
            return False
        open_findings = findings.count_open(scope, document_id)
        documents.set_open_findings(scope, document_id, open_findings, self._clock.now())
        self._timeline.tell(work, scope, document_id, TimelineKind.WARNING, new.text, actor_name)
        if open_findings and status is DocumentStatus.VALIDATED_PENDING_EXPORT:
            waiting = DocumentStatus.READY_FOR_VALIDATION
            documents.set_status(scope, document_id, waiting, self._clock.now())
            self._timeline.tell(
                work,
                scope,
                document_id,
                TimelineKind.STATUS_CHANGE,
                "",
                actor_name,
                change=(status, waiting),
            )
        return True

    def require_free(
        self,
        work: Work,
        scope: OrganizationScope,
        document: Document,
        reason: str | None,
        seen: Collection[str] | None = None,
    ) -> Sequence[Finding]:
        """Return the findings that a person's `reason` decides now; none when nothing holds.

        Before a delivery the document is compared with what was delivered and with what the
        organization knows: the same invoice, or one for no company, becomes a finding that holds.
        Document and invoice number stay locked until the transaction ends, so that nothing comes
        between; it must commit also after `DocumentHeld` (`keeping_findings`).
        With `seen` only these (ids) are decided: what came after the person looked still holds.

        Raises:
            InvalidInput: a reason of no or more than 500 characters.
            DocumentHeld: something holds the document, and there is no reason.
        """
        status = DocumentRepository(work.connection).lock_status(scope, document.id)
        known = self.list(work, scope, document.id)
        before = {finding.id for finding in known}
        noticed = [
            *self.claims.duplicates_claimed(work, scope, document.id, document.fields, known),
            *judge_again(work, scope, document, known),
        ]
        for new in noticed:
            self.add(work, scope, document.id, new.code, new.parameters)
        if noticed:
            known = self.list(work, scope, document.id)
        found = [finding for finding in known if finding.is_open]
        if not found and status is not DocumentStatus.READY_FOR_VALIDATION:
            return ()
        looked_at = before if seen is None else before.intersection(seen)
        if reason is None or any(finding.id not in looked_at for finding in found):
            raise DocumentHeld(document.id, document.filename, tuple(found))
        check_reason(reason)
        return found

    def decide(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
        document_id: str,
        findings: Sequence[Finding],
        reason: str,
        delivery_ids: Sequence[str],
    ) -> None:
        """Write the person's decision on findings: row, timeline and audit log."""
        repository = FindingRepository(work.connection)
        now, reason = self._clock.now(), reason.strip()
        for finding in findings:
            repository.decide(scope, finding, actor.name, reason, now, delivery_ids)
        DocumentRepository(work.connection).set_open_findings(
            scope, document_id, repository.count_open(scope, document_id), now
        )
        text = _("The findings were accepted: {reason}").format(reason=reason)
        self._timeline.tell(work, scope, document_id, TimelineKind.NOTE, text, actor.name)
        codes = sorted({finding.code for finding in findings})[:_NAMED_IN_AUDIT]
        self._audit.record(
            work,
            scope,
            actor,
            "document.findings_accepted",
            document_id,
            {"reason": reason, "findings": ", ".join(codes), "count": str(len(findings))},
        )


def check_reason(reason: str) -> None:
    """Raise InvalidInput unless `reason` has 1 to 500 characters."""
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        wrong = _("Say why the document is exported all the same, in 1 to {n} characters.").format(
            n=MAX_REASON
        )
        raise InvalidInput(wrong, fields={"reason": wrong})


@contextmanager
def keeping_findings(database: Database) -> Iterator[Work]:
    """Open a transaction that commits also when `DocumentHeld` ends it, and raise that after.

    An export that finds a reason to hold makes no delivery, but a finding that must stay.
    """
    held: DocumentHeld | None = None
    with database.write() as work:
        try:
            yield work
        except DocumentHeld as error:
            held = error
    if held is not None:
        raise held
