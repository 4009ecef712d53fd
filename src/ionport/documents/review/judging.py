"""The rules that run again in the transaction of a delivery, because master data may change."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.documents.companies.model import addressee_of
from ionport.documents.companies.service import COMPANY_RULES, place_of
from ionport.documents.model import Document
from ionport.documents.parties.repository import PartyRepository
from ionport.documents.review.model import Finding, NewFinding
from ionport.store import OrganizationScope, ScopedWork


def judge_again(
    access: ScopedWork[OrganizationScope], document: Document, known: Sequence[Finding]
) -> list[NewFinding]:
    """Return new holding findings by the organization's present data, without those in `known`."""
    if not document.fields or any(finding.code in COMPANY_RULES for finding in known):
        return []
    parties = PartyRepository(access.connection).of_document(access.scope, document.id)
    buyer = addressee_of(document.fields, parties.buyer_ids)
    _place, found = place_of(access, buyer, document.sub_organization_id, is_placed=True)
    return found
