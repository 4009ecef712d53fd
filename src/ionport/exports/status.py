"""A document's export status, derived from its deliveries (DESIGN.md, decision 13)."""

from __future__ import annotations

from collections.abc import Iterable

from ionport.documents.model import DocumentStatus
from ionport.documents.service import DocumentService
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.exports.repository import ConfigurationRepository, DeliveryRepository
from ionport.store import OrganizationScope, Work


def derive_status(latest: Iterable[Delivery], active: frozenset[str]) -> DocumentStatus:
    """Return the status that follows from the newest delivery of each configuration.

    *Exported* only when all active configurations have delivered. Deliveries through
    configurations that are no longer active count while nothing else decides.
    """
    newest = {delivery.configuration_id: delivery.status for delivery in latest}
    if any(not status.is_over for status in newest.values()):
        return DocumentStatus.EXPORTING
    delivered = {key for key, status in newest.items() if status is DeliveryStatus.DELIVERED}
    if active and active <= delivered:
        return DocumentStatus.EXPORTED
    if DeliveryStatus.FAILED in newest.values():
        return DocumentStatus.EXPORT_ERROR
    if delivered and not active:
        return DocumentStatus.EXPORTED
    return DocumentStatus.VALIDATED_PENDING_EXPORT


def newest_of_each(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Return the delivery with the highest generation of each configuration."""
    newest: dict[str, Delivery] = {}
    for delivery in deliveries:
        known = newest.get(delivery.configuration_id)
        if known is None or known.generation < delivery.generation:
            newest[delivery.configuration_id] = delivery
    return list(newest.values())


def record_document_status(
    work: Work,
    scope: OrganizationScope,
    documents: DocumentService,
    document_id: str,
    text: str,
    actor_name: str = "ionport",
) -> DocumentStatus:
    """Write the derived status and a line of the timeline, in the transaction of the change."""
    # Before its deliveries are read: another one may be made at this moment.
    documents.lock(work, scope, document_id)
    document = documents.get(work, scope, document_id)
    active = ConfigurationRepository(work.connection).active(
        scope, document.document_type, document.sub_organization_id
    )
    latest = newest_of_each(DeliveryRepository(work.connection).of_document(scope, document_id))
    status = derive_status(latest, frozenset(configuration.id for configuration in active))
    documents.record_export_status(work, scope, document_id, status, text, actor_name)
    return status
