"""Applies changed settings and master data to a stored document, without reading its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ionport.core.clock import Clock
from ionport.documents.companies.model import addressee_of
from ionport.documents.companies.service import COMPANY_RULES
from ionport.documents.model import Document
from ionport.documents.repository import DocumentRepository
from ionport.documents.review.decisions.judging import Judging, is_judged_anew
from ionport.documents.review.decisions.placing import place_again
from ionport.documents.review.life_cycle import WAITING, can_move
from ionport.documents.review.lines import NO_LINES
from ionport.documents.review.model import Finding, NewFinding
from ionport.documents.review.organization_rules import FIELD_RULES
from ionport.documents.review.ports import Sent
from ionport.documents.review.repository import FindingRepository
from ionport.documents.review.service import ReviewService
from ionport.documents.suppliers.account_repository import AccountRepository
from ionport.documents.suppliers.accounts import FIRST_ACCOUNT, UNKNOWN_ACCOUNT, judge_known
from ionport.documents.timeline import Timeline
from ionport.documents.type_settings.service import judge_fields
from ionport.identity.access import Access
from ionport.store import OrganizationScope

_OF_ORGANIZATION = COMPANY_RULES | FIELD_RULES | {FIRST_ACCOUNT, UNKNOWN_ACCOUNT, NO_LINES}


@dataclass(eq=False, repr=False)
class JudgeAnewService:
    """Updates a document's findings and status by the present companies, suppliers and settings."""

    _clock: Clock
    _timeline: Timeline
    _review: ReviewService
    _judging: Judging

    def judge(self, access: Access[OrganizationScope], document_id: str) -> bool:
        """Judge a document that waits; False for one that does so no longer.

        One that nobody has placed may find its company. What was accepted stays accepted as long
        as it is the same finding.
        """
        scope, by = access.scope, access.actor.name
        deliveries = self._review.deliveries
        sent = deliveries.lock(access, document_id)
        repository = DocumentRepository(access.connection)
        repository.lock_status(scope, document_id)
        document = repository.find(scope, document_id)
        if document is None or document.purged_at or document.status not in WAITING:
            return False
        is_fixed = sent is not Sent.NOTHING or deliveries.has_open(access, document_id)
        noticed = self._noticed(access, document, is_fixed=is_fixed)
        self._judging.reconcile(access, document_id, noticed, by, self._clock.now())
        judged = repository.find(scope, document_id) or document
        is_moved = judged.sub_organization_id != document.sub_organization_id
        if is_moved:
            self._review.withdraw_approvals(access, document_id)
        # Settling renders open deliveries again: only where something has changed.
        found = FindingRepository(access.connection).count_open(scope, document_id)
        target, cause = self._review.standing(access, document, found)
        if is_moved or found != document.open_findings or can_move(document.status, target, cause):
            self._review.settle(access, document_id, by)
        return True

    def _noticed(
        self, access: Access[OrganizationScope], document: Document, *, is_fixed: bool
    ) -> Sequence[NewFinding]:
        """Return a document's present findings; those of its file were made when it was read."""
        known = self._review.list(access, document.id)
        found = [NewFinding(one.code, one.parameters) for one in known if _is_of_file(one)]
        repository = AccountRepository(access.connection)
        suppliers, parties = repository.of_document(access.scope, document.id)
        place = document.sub_organization_id
        if document.fields:
            buyer = addressee_of(document.fields, parties.buyer_ids)
            place, about_company = place_again(
                access,
                self._timeline,
                document.id,
                buyer,
                access.actor.name,
                was_sent=is_fixed,
            )
            found += about_company
        found += self._about_lines(access, document, place, known, is_fixed=is_fixed)
        accounts = repository.known(access.scope, suppliers)
        about = judge_known(document.fields, suppliers, parties, found, accounts)
        settings = self._review.types.get(access, document.document_type)
        return judge_fields(settings, document.fields, about)

    def _about_lines(
        self,
        access: Access[OrganizationScope],
        document: Document,
        place: str | None,
        known: Sequence[Finding],
        *,
        is_fixed: bool,
    ) -> Sequence[NewFinding]:
        """Return the findings of a document without lines; none new where a delivery was made.

        The rule runs with each delivery that is made.
        """
        read = [NewFinding(one.code, one.parameters) for one in known if not one.resolved_at]
        found = self._review.about_lines(access, document, place, read)
        return [one for one in found if not is_fixed or one in read]


def _is_of_file(finding: Finding) -> bool:
    return (
        finding.resolved_at is None
        and is_judged_anew(finding.code)
        and finding.code not in _OF_ORGANIZATION
    )
