"""Writes a decision to its table, the timeline and the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ionport.core.clock import Clock
from ionport.core.errors import Conflict
from ionport.core.i18n import N_, _
from ionport.core.ids import new_id
from ionport.documents.model import DocumentStatus, TimelineKind
from ionport.documents.review.decisions.model import DecisionKind, DocumentDecision
from ionport.documents.review.decisions.repository import MAX_DECISIONS, DecisionRepository
from ionport.documents.timeline import Timeline
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, AuditAction
from ionport.store import OrganizationScope


class DecisionAction(AuditAction):
    """What the audit log tells of a document that a person decided about."""

    CORRECTED = "document.corrected", N_("Document corrected")
    CHOSEN = "document.invoice_chosen", N_("Invoice of a PDF chosen")
    ACCEPTED = "document.findings_accepted", N_("Findings of a document accepted")
    REJECTED = "document.rejected", N_("Document rejected")
    DUPLICATE = "document.duplicate", N_("Document rejected as a duplicate")
    HELD = "document.held", N_("Document put on hold")
    DELETED = "document.deleted", N_("Document deleted")
    APPROVED = "document.approved", N_("Document approved")
    UNDONE = "document.decision_undone", N_("Decision about a document undone")


_AUDIT = {
    DecisionKind.CORRECT: DecisionAction.CORRECTED,
    DecisionKind.CHOOSE: DecisionAction.CHOSEN,
    DecisionKind.ACCEPT: DecisionAction.ACCEPTED,
    DecisionKind.REJECT: DecisionAction.REJECTED,
    DecisionKind.DUPLICATE: DecisionAction.DUPLICATE,
    DecisionKind.HOLD: DecisionAction.HELD,
    DecisionKind.DELETE: DecisionAction.DELETED,
    DecisionKind.APPROVE: DecisionAction.APPROVED,
}
_LONGEST = 500
StatusChange = tuple[DocumentStatus, DocumentStatus] | None


class DecisionLog:
    """Adds decisions and takes them back, in the transaction of what they change."""

    def __init__(self, clock: Clock, audit: AuditLog, timeline: Timeline) -> None:
        self._clock = clock
        self._audit = audit
        self._timeline = timeline

    def add(
        self,
        access: Access[OrganizationScope],
        document_id: str,
        kind: DecisionKind,
        parameters: Mapping[str, str],
        change: StatusChange = None,
        details: Mapping[str, str] | None = None,
    ) -> DocumentDecision:
        """Write a decision; the document's row is locked. `details` go to the audit log alone.

        Raises:
            Conflict: the document has as many decisions as it may have (`too_many_decisions`).
        """
        repository = DecisionRepository(access.connection)
        if len(repository.of_document(access.scope, document_id)) >= MAX_DECISIONS:
            raise Conflict(
                _("There are {n} decisions about this document, and no more are kept.").format(
                    n=MAX_DECISIONS
                ),
                code="too_many_decisions",
            )
        decision = DocumentDecision(
            id=new_id("dec"),
            document_id=document_id,
            kind=kind,
            parameters=dict(parameters),
            person=access.actor.name,
            person_id=person_id(access.actor),
            at=self._clock.now(),
        )
        repository.add(access.scope, decision)
        self._tell(access, decision, f"decided.{kind.value}", change)
        told = details or {name: text[:_LONGEST] for name, text in parameters.items()}
        self._audit.record(access, _AUDIT[kind], document_id, told)
        return decision

    def undo(
        self,
        access: Access[OrganizationScope],
        decisions: Sequence[DocumentDecision],
        change: StatusChange = None,
    ) -> None:
        """Take decisions back.

        Raises:
            Conflict: one was undone meanwhile (`undone_already`).
        """
        repository, now = DecisionRepository(access.connection), self._clock.now()
        name, person = access.actor.name, person_id(access.actor)
        for decision in decisions:
            if not repository.undo(access.scope, decision.id, name, person, now):
                raise Conflict(_("This decision was undone already."), code="undone_already")
            self._tell(access, decision, f"undone.{decision.kind.value}", change)
            details = {"decision": decision.id, "kind": decision.kind.value}
            document_id = decision.document_id
            self._audit.record(access, DecisionAction.UNDONE, document_id, details)

    def _tell(
        self,
        access: Access[OrganizationScope],
        decision: DocumentDecision,
        code: str,
        change: StatusChange,
    ) -> None:
        self._timeline.tell(
            access,
            decision.document_id,
            TimelineKind.STATUS_CHANGE if change else TimelineKind.DECISION,
            "",
            access.actor.name,
            change=change or (None, None),
            code=code,
            parameters=decision.parameters,
        )


def person_id(actor: Actor) -> str:
    """Return the id of a person: the user's id, or the operator's name."""
    return actor.user_id or actor.name
