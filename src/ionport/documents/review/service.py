"""Findings of documents: added by rules and by the export, decided by a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, NotFound, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.documents.intake.reading import Intake
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.model import Document, DocumentStatus, TimelineKind
from ionport.documents.repository import DocumentRepository
from ionport.documents.retention.content import require_content
from ionport.documents.review.approvals import PolicyOf
from ionport.documents.review.claims import Claims
from ionport.documents.review.decisions.model import DecisionKind
from ionport.documents.review.decisions.recording import DecisionLog
from ionport.documents.review.decisions.repository import DecisionRepository
from ionport.documents.review.judging import judge_again
from ionport.documents.review.life_cycle import (
    BY_PERSON,
    PENDING,
    Cause,
    can_move,
    is_held,
    moved,
    standing,
)
from ionport.documents.review.lines import has_lines, judge_lines
from ionport.documents.review.model import (
    MAX_REASON,
    WITHOUT_INVOICE,
    DocumentHeld,
    Finding,
    NewFinding,
)
from ionport.documents.review.ports import Deliveries, NoDeliveries, NoTargets, Targets
from ionport.documents.review.repository import FindingRepository
from ionport.documents.suppliers.accounts import ACCOUNT_RULES, KnownAccounts, judge_accounts
from ionport.documents.timeline import Timeline
from ionport.documents.type_settings.model import TypeSettings
from ionport.documents.type_settings.service import TypeSettingsService, judge_fields
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.store import Database, OrganizationScope, ScopedWork, Work

_NAMED_IN_AUDIT = 20
_DELIVERED = frozenset(
    {DocumentStatus.EXPORTING, DocumentStatus.EXPORTED, DocumentStatus.EXPORT_ERROR}
)


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """The organization's known accounts, and its settings of document types and exports."""

    accounts: Mapping[str, Collection[str]]
    settings: Mapping[str, TypeSettings]
    booking: Mapping[tuple[str, str | None], Sequence[str]]
    """The titles of configurations that book lines, by document type and sub-organization."""

    def findings(
        self, read: Intake, place: str | None, findings: Sequence[NewFinding]
    ) -> Sequence[NewFinding]:
        """Return all findings of a file that was read; `findings` are those of its own.

        `place` is the sub-organization that the document belongs to.
        """
        found = judge_accounts(read, findings, self.accounts)
        titles = self.booking.get((read.document_type, place), ())
        about = [*found, *judge_lines(read.tables, titles, found)]
        return judge_fields(self.settings[read.document_type], read.fields, about)


class ReviewService:
    """Adds findings and decisions, and sets the status that follows from them.

    `deliveries` and `targets` are set when the services are put together.
    """

    def __init__(self, clock: Clock, audit: AuditLog, timeline: Timeline) -> None:
        self._clock = clock
        self._timeline = timeline
        self.log = DecisionLog(clock, audit, timeline)
        self.claims = Claims(clock)
        self.types = TypeSettingsService(clock, audit)
        self.deliveries: Deliveries = NoDeliveries()
        self.targets: Targets = NoTargets()
        self.policy_of: PolicyOf = self.types.policy
        self.accounts = KnownAccounts(clock)

    def list(self, access: ScopedWork[OrganizationScope], document_id: str) -> list[Finding]:
        """Return the findings of a document, oldest first, at most 500."""
        return FindingRepository(access.connection).of_document(access.scope, document_id)

    def held_by_code(
        self, access: ScopedWork[OrganizationScope], document_type: str
    ) -> Mapping[str, int]:
        """Return how many documents of a type the findings of each rule hold or have held."""
        return FindingRepository(access.connection).held_by_code(access.scope, document_type)

    def add(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        code: str,
        parameters: Mapping[str, str],
        *,
        actor_name: str = "ionport",
    ) -> bool:
        """Add a finding with a timeline entry; False when the document has the same one already.

        A finding that holds puts a document that was ready for export back to *Ready for
        validation*; the status of an exported one still follows from its deliveries.
        Raises NotFound.
        """
        if DocumentRepository(access.connection).lock_status(access.scope, document_id) is None:
            raise NotFound(_("There is no such document."), code="no_document")
        new = NewFinding(code, parameters)
        findings = FindingRepository(access.connection)
        if not findings.add(access.scope, new_id("fnd"), document_id, new, self._clock.now()):
            return False
        self._timeline.tell_finding(access, document_id, new, actor_name)
        self.settle(access, document_id, actor_name)
        return True

    def judged_by(self, access: ScopedWork[OrganizationScope], reads: Sequence[Intake]) -> JudgedBy:
        """Return the data that a few dozen files are checked against, read once."""
        kinds = [read.document_type for read in reads]
        bare = {read.document_type for read in reads if not has_lines(read.tables)}
        return JudgedBy(
            accounts=self.accounts.known(access, reads),
            settings=self.types.of_types(access, kinds),
            booking=self.targets.that_book(access, bare) if bare else {},
        )

    def about_lines(
        self,
        access: ScopedWork[OrganizationScope],
        document: Document,
        place: str | None,
        known: Iterable[NewFinding],
    ) -> Sequence[NewFinding]:
        """Return the findings of a document that its export would book without lines.

        `place` is the sub-organization that it belongs to now, `known` what else was found.
        """
        if has_lines(document.tables):
            return []
        kind = document.document_type
        titles = self.targets.that_book(access, [kind]).get((kind, place), ())
        return judge_lines(document.tables, titles, known)

    def settle(
        self, access: ScopedWork[OrganizationScope], document_id: str, actor_name: str
    ) -> None:
        """Set the status that follows from a document's findings, approvals and deliveries.

        Its row is locked. What a person has set (on hold, rejected, deleted) stays.
        """
        documents, now = DocumentRepository(access.connection), self._clock.now()
        document = documents.find(access.scope, document_id)
        document = existing(document, _("There is no such document."), code="no_document")
        found = FindingRepository(access.connection).count_open(access.scope, document_id)
        if found != document.open_findings:
            documents.set_open_findings(access.scope, document_id, found, now)
        if document.status in BY_PERSON:
            return
        target, cause = self.standing(access, document, found)
        if target is not document.status and can_move(document.status, target, cause):
            self._move(access, document, target, actor_name)
        if target is DocumentStatus.VALIDATED_PENDING_EXPORT:
            self.deliveries.resume(access, document_id)

    def _move(
        self,
        access: ScopedWork[OrganizationScope],
        document: Document,
        target: DocumentStatus,
        actor_name: str,
    ) -> None:
        DocumentRepository(access.connection).set_status(
            access.scope, document.id, target, self._clock.now()
        )
        self._timeline.tell(
            access,
            document.id,
            TimelineKind.STATUS_CHANGE,
            "",
            actor_name,
            change=(document.status, target),
        )

    def standing(
        self, access: ScopedWork[OrganizationScope], document: Document, open_findings: int
    ) -> tuple[DocumentStatus, Cause]:
        """Return the status by findings and approvals, and its cause."""
        policy = self.policy_of(access, document.document_type)
        needed = policy.needed(document.fields)
        given = 0
        if needed:
            repository = DecisionRepository(access.connection)
            approvals = repository.of_document(access.scope, document.id, DecisionKind.APPROVE)
            given = sum(approval.is_active for approval in approvals)
        return standing(open_findings, given, needed)

    def require_free(
        self,
        access: Access[OrganizationScope],
        document: Document,
        reason: str | None,
        seen: Collection[str] | None = None,
        *,
        is_new: bool = True,
        of_targets: Sequence[NewFinding] = (),
    ) -> Sequence[Finding]:
        """Return the findings that a person's `reason` decides now; none when nothing holds.

        Before a delivery the document is compared with what was delivered and with what the
        organization knows: the same invoice, or one for no company, becomes a finding that holds.
        Document and invoice number stay locked until the transaction ends; it must commit also
        after `DocumentHeld` (`keeping_findings`). With `seen` only these (ids) are decided: what
        came after the person looked still holds. `is_new`: a delivery is to be made, which needs
        its approvals also when others were. `of_targets` is what the targets of these deliveries
        cannot take of this document.

        Raises:
            InvalidInput: a reason of no or more than 500 characters.
            Conflict: its content was removed by retention (`purged`).
            DocumentHeld: something holds the document, and there is no reason.
        """
        locked = DocumentRepository(access.connection).lock(access.scope, document.id)
        require_content(locked.purged_at if locked else None)
        status = locked.status if locked else None
        if status in BY_PERSON:
            raise DocumentHeld(document.id, document.filename, (), status)
        known = self.list(access, document.id)
        # A finding that was opened again now was not seen by the person.
        before = {finding.id for finding in known if finding.resolved_at is None}
        if self._judge_delivery(access, document, known, of_targets):
            known = self.list(access, document.id)
        found = [finding for finding in known if finding.is_open]
        if found or status is DocumentStatus.READY_FOR_VALIDATION:
            looked_at = before if seen is None else before.intersection(seen)
            if reason is None or any(
                finding.id not in looked_at or not finding.can_be_accepted for finding in found
            ):
                raise DocumentHeld(document.id, document.filename, tuple(found))
            check_reason(reason)
            access.require(Permission.DECIDE, document.document_type)
        if is_new or document.status not in _DELIVERED:
            self._require_approval(access, document, found, reason or "")
        return found

    def _judge_delivery(
        self,
        access: Access[OrganizationScope],
        document: Document,
        known: Sequence[Finding],
        of_targets: Sequence[NewFinding],
    ) -> bool:
        """Add what speaks against a delivery now; returns whether anything does."""
        # What a target needs of an invoice is checked once there is one.
        is_unread = any(each.is_open and each.code in WITHOUT_INVOICE for each in known)
        noticed = [
            *self.claims.duplicates_claimed(access, document.id, document.fields, known),
            *judge_again(access, document, [each for each in known if not each.resolved_at]),
            *self.accounts.judge_delivery(access, document),
            *([] if is_unread else self._held_by_type(access, document, of_targets)),
        ]
        for new in noticed:
            self.add(access, document.id, new.code, new.parameters)
        return bool(noticed)

    def require_not_held(self, access: ScopedWork[OrganizationScope], document: Document) -> None:
        """Raise DocumentHeld where the document, which is locked, takes part in no delivery.

        Nothing is judged anew, unlike in `require_free`.
        """
        if is_held(document.status, document.open_findings):
            found = tuple(finding for finding in self.list(access, document.id) if finding.is_open)
            is_by_findings = bool(found) and document.status not in BY_PERSON
            status = DocumentStatus.READY_FOR_VALIDATION if is_by_findings else document.status
            raise DocumentHeld(document.id, document.filename, found, status)

    def _held_by_type(
        self,
        access: Access[OrganizationScope],
        document: Document,
        findings: Sequence[NewFinding],
    ) -> Sequence[NewFinding]:
        """Return those that do not only note by the settings of the document's type."""
        if not findings:
            return []
        effects = self.types.get(access, document.document_type).effects
        return [one for one in findings if effects.get(one.code, one.effect) is Effect.HOLDS]

    def _require_approval(
        self,
        access: Access[OrganizationScope],
        document: Document,
        found: Sequence[Finding],
        reason: str,
    ) -> None:
        """Raise DocumentHeld for a missing approval; the person's reason for `found` is stored.

        A document is released when the settings no longer demand its approval.
        """
        target, _cause = self.standing(access, document, 0)
        if target is DocumentStatus.VALIDATED_PENDING_EXPORT:
            if document.status in PENDING:
                self.settle(access, document.id, access.actor.name)
            return
        if found:
            self.decide(access, document.id, found, reason, ())
        if document.status is DocumentStatus.EXPORTED:
            self._move(
                access, document, moved(document.status, target, Cause.AGAIN), access.actor.name
            )
        self.settle(access, document.id, access.actor.name)
        raise DocumentHeld(document.id, document.filename, (), target)

    def withdraw_approvals(self, access: Access[OrganizationScope], document_id: str) -> None:
        """Undo the approvals of a document that has changed since."""
        repository = DecisionRepository(access.connection)
        approvals = repository.of_document(access.scope, document_id, DecisionKind.APPROVE)
        self.log.undo(access, [each for each in approvals if each.is_active])

    def decide(
        self,
        access: Access[OrganizationScope],
        document_id: str,
        findings: Sequence[Finding],
        reason: str,
        delivery_ids: Sequence[str],
    ) -> None:
        """Write the person's decision on findings: row, timeline and audit log."""
        repository = FindingRepository(access.connection)
        now, reason = self._clock.now(), reason.strip()
        for finding in findings:
            repository.decide(access.scope, finding, access.actor.name, reason, now, delivery_ids)
        if any(finding.code in ACCOUNT_RULES for finding in findings):
            self.accounts.learn(access, document_id)
        DocumentRepository(access.connection).set_open_findings(
            access.scope, document_id, repository.count_open(access.scope, document_id), now
        )
        codes = sorted({finding.code for finding in findings})[:_NAMED_IN_AUDIT]
        self.log.add(
            access,
            document_id,
            DecisionKind.ACCEPT,
            {"reason": reason, "findings": ",".join(finding.id for finding in findings)},
            details={"reason": reason, "findings": ", ".join(codes), "count": str(len(findings))},
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
