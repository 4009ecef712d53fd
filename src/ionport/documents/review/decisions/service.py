"""What a person decides about a document as a whole; corrections are `corrections.py`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound, existing
from ionport.core.i18n import _
from ionport.documents.model import Document, DocumentStatus
from ionport.documents.repository import DocumentRepository
from ionport.documents.retention.content import require_content
from ionport.documents.review.claim_repository import ClaimRepository
from ionport.documents.review.decisions.approving import approval_refusal
from ionport.documents.review.decisions.corrections import (
    OF_CONTENT,
    CorrectionService,
    changed_meanwhile,
    sent_already,
)
from ionport.documents.review.decisions.judging import Judging
from ionport.documents.review.decisions.model import DecisionKind, DocumentDecision
from ionport.documents.review.decisions.repository import DecisionRepository
from ionport.documents.review.decisions.same_invoice import SameInvoice
from ionport.documents.review.life_cycle import CLOSED, PENDING, Cause, can_move, moved
from ionport.documents.review.model import Finding
from ionport.documents.review.ports import Sent
from ionport.documents.review.repository import FindingRepository
from ionport.documents.review.service import ReviewService, check_reason
from ionport.documents.sight import Sight
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope, ScopedWork

_SETS = {
    DecisionKind.REJECT: (DocumentStatus.REJECTED, Cause.REJECT),
    DecisionKind.DUPLICATE: (DocumentStatus.REJECTED, Cause.REJECT),
    DecisionKind.HOLD: (DocumentStatus.ON_HOLD, Cause.HOLD),
    DecisionKind.DELETE: (DocumentStatus.DELETED, Cause.DELETE),
}


class DecisionService:
    """Accepts, rejects, holds, deletes, approves, and undoes."""

    def __init__(
        self,
        clock: Clock,
        review: ReviewService,
        judging: Judging,
        corrections: CorrectionService,
    ) -> None:
        self._clock = clock
        self._corrections = corrections
        self._review = review
        self._same_invoice = SameInvoice(clock, review, judging)

    def list(
        self, access: ScopedWork[OrganizationScope], document_id: str
    ) -> Sequence[DocumentDecision]:
        """Return the decisions about a document, oldest first, undone ones among them."""
        made = DecisionRepository(access.connection).of_document(access.scope, document_id)
        named = (one.parameters.get("document") for one in made)
        sight = Sight(access.connection, access.scope, named)
        return [replace(one, parameters=sight.told(one.parameters)) for one in made]

    def accept(
        self,
        access: Access[OrganizationScope],
        document_id: str,
        reason: str,
        finding_ids: Collection[str] | None = None,
        looked_at: datetime | None = None,
    ) -> None:
        """Accept open findings (all of them without `finding_ids`) for a reason.

        With `looked_at` nothing is accepted when one of them has come to hold since then.

        Raises:
            InvalidInput: no reason, or a required value is missing, which has to be entered.
            Conflict: none of them is open (`nothing_to_accept`), one was not so when the person
                looked (`changed_meanwhile`), or the document is closed (`wrong_status`).
        """
        document = self._lock(access, document_id)
        access.require(Permission.DECIDE, document.document_type)
        if document.status in CLOSED:
            raise _wrong_status(document.status)
        check_reason(reason)
        found = [
            finding
            for finding in self._review.list(access, document.id)
            if finding.is_open and (finding_ids is None or finding.id in finding_ids)
        ]
        if looked_at is not None and found:
            since = {finding.id for finding in found if finding.created_at > looked_at}
            if since or self._opened_again(access, document.id, found, looked_at):
                raise changed_meanwhile()
        missing = [finding.text for finding in found if not finding.can_be_accepted]
        if missing and (finding_ids is not None or len(missing) == len(found)):
            text = _("Enter what is missing; a reason does not stand in for it: {findings}").format(
                findings=" ".join(missing[:5])
            )
            raise InvalidInput(text, code="value_missing", fields={"reason": text})
        found = [finding for finding in found if finding.can_be_accepted]
        if not found:
            raise Conflict(_("No such finding is open."), code="nothing_to_accept")
        self._review.decide(access, document.id, found, reason, ())
        self._review.settle(access, document.id, access.actor.name)

    def reject(
        self,
        access: Access[OrganizationScope],
        document_id: str,
        reason: str,
        duplicate_of: str | None = None,
    ) -> None:
        """Reject a document for a reason; as a duplicate of another one a reason may be empty.

        When nothing of it was sent its claim is removed, and documents that it held as duplicates
        are released.

        Raises:
            InvalidInput: no reason, or no other document of this organization.
            Conflict: it cannot be rejected where it stands (`wrong_status`).
        """
        kind, parameters = DecisionKind.REJECT, {"reason": reason.strip()}
        if duplicate_of is None or reason.strip():
            check_reason(reason)
        if duplicate_of is not None:
            other = DocumentRepository(access.connection).find(access.scope, duplicate_of)
            if other is None or other.id == document_id:
                wrong = _("Name another document of this organization by its id.")
                raise InvalidInput(wrong, fields={"duplicate_of": wrong})
            kind = DecisionKind.DUPLICATE
            parameters |= {"document": other.id, "filename": other.filename}
        self._set(access, document_id, kind, parameters)
        if duplicate_of is not None:
            repository = DocumentRepository(access.connection)
            repository.set_duplicate_of(access.scope, document_id, duplicate_of)

    def hold(self, access: Access[OrganizationScope], document_id: str, reason: str) -> None:
        """Put a document on hold for a reason; errors as `reject`."""
        check_reason(reason)
        parameters = {"reason": reason.strip()}
        self._set(access, document_id, DecisionKind.HOLD, parameters)

    def delete(self, access: Access[OrganizationScope], document_id: str, reason: str) -> None:
        """Delete a document of which nothing was sent: it stays as evidence and can be restored.

        Errors as `reject`, and Conflict `sent_already`.
        """
        check_reason(reason)
        parameters = {"reason": reason.strip()}
        self._set(access, document_id, DecisionKind.DELETE, parameters)

    def approve(
        self, access: Access[OrganizationScope], document_id: str, seen: datetime | None = None
    ) -> None:
        """Approve a document that needs it; `seen` is its `updated_at` when the person looked.

        Raises:
            Conflict: it waits for no approval (`wrong_status`), or was changed since it was seen
                (`changed_meanwhile`).
            Forbidden: the person has approved it already, or has changed an amount, an account
                or the supplier (`approved_already`, `changed_by_approver`).
        """
        document = self._lock(access, document_id)
        access.require(Permission.APPROVE, document.document_type)
        if document.status not in PENDING:
            raise _wrong_status(document.status)
        if seen is not None and seen != document.updated_at:
            raise changed_meanwhile()
        policy = self._review.policy_of(access, document.document_type)
        decisions = self.list(access, document.id)
        refusal = approval_refusal(policy, access.actor, document, decisions)
        if refusal is not None:
            raise refusal
        self._review.log.add(access, document.id, DecisionKind.APPROVE, {})
        self._review.settle(access, document.id, access.actor.name)

    def undo_any(
        self,
        database: Database,
        scope: OrganizationScope,
        actor: Actor,
        document_id: str,
        decision_id: str | None = None,
    ) -> None:
        """Take back a decision of any kind, the newest one without `decision_id`.

        Opens its own transactions, because a correction is taken back by reading the file again.
        Errors as `undo` and `CorrectionService.undo`.
        """
        with database.read() as work:
            if DocumentRepository(work.connection).find(scope, document_id) is None:
                raise NotFound(_("There is no such document."), code="no_document")
            made = [each for each in self.list(work.within(scope), document_id) if each.is_active]
        chosen = [each for each in made if decision_id in (None, each.id)]
        if not chosen:
            raise NotFound(_("There is no such decision to undo."), code="no_decision")
        if chosen[-1].kind in OF_CONTENT:
            self._corrections.undo(database, scope, actor, document_id, chosen[-1].id)
            return
        with database.write() as work:
            self.undo(Access(work, scope, actor), document_id, chosen[-1].id)

    def take_back(
        self, access: Access[OrganizationScope], document_id: str, kinds: Collection[DecisionKind]
    ) -> None:
        """Undo the newest decision of one of `kinds`: release, restore; errors as `undo`."""
        made = [
            each for each in self.list(access, document_id) if each.is_active and each.kind in kinds
        ]
        if not made:
            document = self._lock(access, document_id)
            for kind in sorted(kinds):
                access.require(kind.permission, document.document_type)
            raise _wrong_status(document.status)
        self.undo(access, document_id, made[-1].id)

    def undo(self, access: Access[OrganizationScope], document_id: str, decision_id: str) -> None:
        """Take back a decision that is no correction or choice; the rules run again.

        Raises:
            NotFound: no such decision.
            Conflict: undone already, a newer one depends on it (`not_the_newest`), or something
                was sent (`sent_already`; a hold is released all the same).
        """
        document = self._lock(access, document_id)
        decision = DecisionRepository(access.connection).find(
            access.scope, document.id, decision_id
        )
        if decision is None or decision.kind in OF_CONTENT:
            raise NotFound(_("There is no such decision."), code="no_decision")
        access.require(decision.kind.permission, document.document_type)
        sent = self._review.deliveries.lock(access, document.id)
        if decision.kind is not DecisionKind.HOLD and sent is not Sent.NOTHING:
            raise sent_already()
        if decision.kind in _SETS:
            self._undo_status(access, document, decision)
            return
        self._review.log.undo(access, [decision])
        if decision.kind is DecisionKind.ACCEPT:
            taken = decision.parameters["findings"].split(",")
            FindingRepository(access.connection).withdraw(access.scope, taken)
            self._review.accounts.forget(access, document.id)
        self._review.settle(access, document.id, access.actor.name)

    def _opened_again(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        findings: Collection[Finding],
        since: datetime,
    ) -> bool:
        """Tell whether somebody has withdrawn an acceptance of one of the findings since."""
        ids = {finding.id for finding in findings}
        return any(
            not ids.isdisjoint(each.parameters["findings"].split(","))
            for each in self.list(access, document_id)
            if each.kind is DecisionKind.ACCEPT and each.undone_at and each.undone_at > since
        )

    def _lock(self, access: Access[OrganizationScope], document_id: str) -> Document:
        """Return the document, its deliveries and its row locked; raises NotFound, Forbidden."""
        access.require_organization_member()
        self._review.deliveries.lock(access, document_id)
        repository = DocumentRepository(access.connection)
        repository.lock_status(access.scope, document_id)
        document = repository.find(access.scope, document_id)
        document = existing(document, _("There is no such document."), code="no_document")
        require_content(document.purged_at)
        return document

    def _set(
        self,
        access: Access[OrganizationScope],
        document_id: str,
        kind: DecisionKind,
        parameters: Mapping[str, str],
    ) -> None:
        """Set the document's status by the decision."""
        target, cause = _SETS[kind]
        same = self._same_invoice.others(access, document_id) if target in CLOSED else []
        # In one order, deliveries before documents, so that no two wait in a circle.
        for each in sorted({*same, document_id}):
            self._review.deliveries.lock(access, each)
        for each in sorted({*same, document_id}):
            DocumentRepository(access.connection).lock_status(access.scope, each)
        document = self._lock(access, document_id)
        access.require(kind.permission, document.document_type)
        if not can_move(document.status, target, cause):
            raise _wrong_status(document.status)
        was_sent = self._review.deliveries.lock(access, document_id) is Sent.SOMETHING
        if was_sent and kind is DecisionKind.DELETE:
            raise sent_already()
        status = moved(document.status, target, cause)
        repository, now = DocumentRepository(access.connection), self._clock.now()
        repository.set_status(access.scope, document.id, status, now)
        change = (document.status, status)
        claims = ClaimRepository(access.connection)
        if target in CLOSED and not was_sent and claims.claimed_by(access.scope, document.id):
            claims.remove_claims(access.scope, document.id)
            parameters = {**parameters, "claimed": "yes"}
        self._review.log.add(access, document.id, kind, parameters, change)
        if target in CLOSED and not was_sent:
            self._same_invoice.free(access, document.id, same)
            self._review.accounts.forget(access, document.id)

    def _undo_status(
        self, access: Access[OrganizationScope], document: Document, decision: DocumentDecision
    ) -> None:
        """Set the status by findings and approvals, or by a decision that is still active."""
        standing = [
            each for each in self.list(access, document.id) if each.is_active and each.kind in _SETS
        ]
        if not standing or standing[-1].id != decision.id:
            raise Conflict(_("Undo the newer decision first."), code="not_the_newest")
        repository, now = DocumentRepository(access.connection), self._clock.now()
        if len(standing) > 1:
            target = _SETS[standing[-2].kind][0]
        else:
            target, _cause = self._review.standing(access, document, document.open_findings)
            target = moved(document.status, target, Cause.UNDO)
        repository.set_status(access.scope, document.id, target, now)
        self._review.log.undo(access, [decision], (document.status, target))
        if decision.kind is DecisionKind.DUPLICATE:
            repository.set_duplicate_of(access.scope, document.id, None)
        if document.status in CLOSED and target not in CLOSED:
            self._same_invoice.judge(access, document, decision)
        self._review.settle(access, document.id, access.actor.name)


def _wrong_status(status: DocumentStatus) -> Conflict:
    return Conflict(
        _("This cannot be done where the document stands: {status}.").format(status=status.label),
        code="wrong_status",
    )
