"""The same invoice is delivered once: documents are compared at intake and at first delivery."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.core.clock import Clock
from ionport.core.ids import new_id
from ionport.documents.model import Row
from ionport.documents.review.claim_repository import ClaimRepository, NearInvoices, SameInvoices
from ionport.documents.review.identity import SIMILAR_NUMBER, TRANSPOSED_NUMBER, InvoiceIdentity
from ionport.documents.review.model import Finding, NewFinding
from ionport.documents.types import number_of
from ionport.store import OrganizationScope, ScopedWork

DUPLICATE_NUMBER = "duplicate_number"
OF_ANOTHER = frozenset({DUPLICATE_NUMBER, SIMILAR_NUMBER, TRANSPOSED_NUMBER})
"""The findings that another document is this invoice, or may be."""

_NAMED = 5


class Claims:
    """Finds documents that are the same invoice, and keeps the claims of delivered ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def same(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        identity: InvoiceIdentity,
        fields: Row,
    ) -> list[NewFinding]:
        """Return findings of other documents that are this invoice, nearly it, or claim it."""
        repository = ClaimRepository(access.connection)
        repository.lock_near(access.scope, [identity])
        repository.lock_number(access.scope, identity)
        found = dict(repository.same_as(access.scope, [identity]).of(identity, _NAMED + 1))
        found |= dict(repository.same_claimed(access.scope, identity, _NAMED + 1))
        found.pop(document_id, None)
        others = ((DUPLICATE_NUMBER, named) for named in list(found.items())[:_NAMED])
        alike = repository.near_as(access.scope, [identity]).of(identity, _NAMED + 1)
        near = [(code, named) for code, named in alike if named[0] != document_id][:_NAMED]
        return [duplicate_finding(code, fields, *named) for code, named in (*others, *near)]

    def changed(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        identity: InvoiceIdentity,
        fields: Row,
        *,
        was_sent: bool,
    ) -> list[NewFinding]:
        """Store a document's identity after a correction; return findings of the same invoice.

        A claim is replaced while nothing was sent; later one is added, because the earlier one was
        sent.
        """
        repository = ClaimRepository(access.connection)
        repository.set_identity(access.scope, document_id, identity)
        duplicates = self.same(access, document_id, identity, fields)
        claimed = repository.claimed_by(access.scope, document_id)
        if claimed and identity not in claimed:
            if not was_sent:
                repository.remove_claims(access.scope, document_id)
            repository.add_claim(
                access.scope, new_id("clm"), document_id, identity, self._clock.now()
            )
        return duplicates

    def duplicates_claimed(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        fields: Row,
        known: Sequence[Finding],
    ) -> list[NewFinding]:
        """Return findings of delivered documents that are this invoice and not named in `known`.

        Locks the invoice's number until the transaction ends, so that no other document claims it
        between this check and the claim.
        """
        repository = ClaimRepository(access.connection)
        identity = repository.unclaimed(access.scope, document_id)
        if identity is None:
            return []
        repository.lock_number(access.scope, identity)
        named = {
            finding.parameters.get("document")
            for finding in known
            if finding.code == DUPLICATE_NUMBER and finding.resolved_at is None
        }
        return [
            duplicate_finding(DUPLICATE_NUMBER, fields, other_id, filename)
            for other_id, filename in repository.same_claimed(
                access.scope, identity, _NAMED + len(named)
            )
            if other_id not in named and other_id != document_id
        ][:_NAMED]

    def claim(self, access: ScopedWork[OrganizationScope], document_id: str) -> None:
        """Add the claim of a document that is delivered now; once for all its deliveries.

        Called after `duplicates_claimed` in the same transaction.
        """
        repository = ClaimRepository(access.connection)
        identity = repository.unclaimed(access.scope, document_id)
        if identity is not None:
            repository.add_claim(
                access.scope, new_id("clm"), document_id, identity, self._clock.now()
            )


def duplicates_among(
    same: SameInvoices, alike: NearInvoices, identity: InvoiceIdentity, fields: Row
) -> list[NewFinding]:
    """Return a finding for each of the oldest documents with this identity, or nearly this one."""
    others = ((DUPLICATE_NUMBER, named) for named in same.of(identity, _NAMED))
    return [
        duplicate_finding(code, fields, *named)
        for code, named in (*others, *alike.of(identity, _NAMED))
    ]


def duplicate_finding(code: str, fields: Row, other_id: str, filename: str) -> NewFinding:
    """Return the finding that another document is the same invoice, or nearly."""
    return NewFinding(
        code,
        {
            "document": other_id,
            "filename": filename,
            "number": number_of(fields),
            "supplier": fields.get("supplier_name", ""),
        },
    )
