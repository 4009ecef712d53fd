"""Documents that wait for an export, by a person or by the next look."""

from __future__ import annotations

from typing import Final

from ionport.documents.model import Document, DocumentStatus
from ionport.documents.review.approvals import ApprovalPolicy
from ionport.exports.automatic.repository import AutomaticRepository
from ionport.exports.configurations.model import ExportConfiguration
from ionport.identity.access import Access
from ionport.store import OrganizationScope, ScopedWork

MANY: Final = 1000
"""More documents than these are not counted."""


def count_waiting(access: Access[OrganizationScope], configuration: ExportConfiguration) -> int:
    """Return how many documents of its type and organization wait for an export.

    `MANY` + 1 stands for any number over `MANY`. Raises Forbidden.
    """
    access.require_organization_administrator()
    return AutomaticRepository(access.connection).count_at_place(
        access.scope, configuration.document_type, configuration.sub_organization_id, MANY + 1
    )


def leaves_by_itself(
    access: ScopedWork[OrganizationScope], document: Document, policy: ApprovalPolicy
) -> bool:
    """Tell whether the next look of the exporter finds the document."""
    if document.status is not DocumentStatus.VALIDATED_PENDING_EXPORT:
        return False
    return policy.exports_by_itself and AutomaticRepository(access.connection).waits(
        access.scope, document.id
    )
