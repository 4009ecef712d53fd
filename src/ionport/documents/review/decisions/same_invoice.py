"""Other documents with the same identity as one that is rejected, deleted or restored."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.core.clock import Clock
from ionport.documents.model import Document
from ionport.documents.review.claim_repository import ClaimRepository
from ionport.documents.review.claims import OF_ANOTHER
from ionport.documents.review.decisions.judging import Judging
from ionport.documents.review.decisions.model import DocumentDecision
from ionport.documents.review.model import Finding
from ionport.documents.review.service import ReviewService
from ionport.identity.access import Access
from ionport.store import OrganizationScope, ScopedWork

_MAX_SAME = 50


class SameInvoice:
    """Updates the duplicate findings when a decision rejects, deletes or restores a document."""

    def __init__(self, clock: Clock, review: ReviewService, judging: Judging) -> None:
        self._clock = clock
        self._review = review
        self._judging = judging

    def judge(
        self, access: Access[OrganizationScope], document: Document, decision: DocumentDecision
    ) -> None:
        """Compare a restored document with those that came or were rejected meanwhile."""
        identity = ClaimRepository(access.connection).identity(access.scope, document.id)
        if identity is None:
            return
        found = self._review.claims.same(access, document.id, identity, document.fields)
        known = {
            (finding.code, finding.parameters.get("document"))
            for finding in self._review.list(access, document.id)
            if finding.code in OF_ANOTHER and finding.resolved_at is None
        }
        for new in found:
            if (new.code, new.parameters["document"]) not in known:
                self._review.add(
                    access, document.id, new.code, new.parameters, actor_name=access.actor.name
                )
        if decision.parameters.get("claimed"):
            self._review.claims.claim(access, document.id)

    def others(self, access: ScopedWork[OrganizationScope], document_id: str) -> Sequence[str]:
        """Return the other documents with the same identity, or nearly."""
        claims = ClaimRepository(access.connection)
        identity = claims.identity(access.scope, document_id)
        if identity is None:
            return []
        found = claims.same_as(access.scope, [identity]).of(identity, _MAX_SAME)
        alike = claims.near_as(access.scope, [identity]).of(identity, _MAX_SAME)
        named = [*found, *(other for _code, other in alike)]
        return [other for other, _name in named if other != document_id]

    def free(
        self, access: Access[OrganizationScope], document_id: str, same: Sequence[str]
    ) -> None:
        """Close the findings of other documents that named this one: it no longer counts."""
        for other_id in same:
            named = [
                finding
                for finding in self._review.list(access, other_id)
                if _names(finding, document_id) and finding.resolved_at is None
            ]
            if named:
                now = self._clock.now()
                self._judging.resolve(access, other_id, named, access.actor.name, now)
                self._review.settle(access, other_id, access.actor.name)


def _names(finding: Finding, document_id: str) -> bool:
    return finding.code in OF_ANOTHER and finding.parameters.get("document") == document_id
