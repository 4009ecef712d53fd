"""A document's export status, derived from its deliveries.

Source: docs/decisions/0013-a-document-s-export-status-is-derived.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from ionport.core.errors import Conflict
from ionport.core.i18n import _
from ionport.documents.model import DocumentStatus
from ionport.documents.review.life_cycle import PENDING
from ionport.documents.service import DocumentService
from ionport.documents.webhooks.model import Event, EventType
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope, ScopedWork


class _State(Protocol):
    """A delivery, or the part of one that a status follows from."""

    @property
    def configuration_id(self) -> str: ...

    @property
    def generation(self) -> int: ...

    @property
    def status(self) -> DeliveryStatus: ...


StateT = TypeVar("StateT", bound=_State)


def derive_status(latest: Iterable[_State], active: frozenset[str]) -> DocumentStatus:
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


def newest_of_each(deliveries: Iterable[StateT]) -> list[StateT]:
    """Return the delivery with the highest generation of each configuration."""
    newest: dict[str, StateT] = {}
    for delivery in deliveries:
        known = newest.get(delivery.configuration_id)
        if known is None or known.generation < delivery.generation:
            newest[delivery.configuration_id] = delivery
    return list(newest.values())


def record_document_status(
    access: ScopedWork[OrganizationScope],
    documents: DocumentService,
    document_id: str,
    text: str,
    actor_name: str = "ionport",
) -> DocumentStatus:
    """Write the derived status and a line of the timeline, in the transaction of the change."""
    # Before its deliveries are read: another one may be made at this moment.
    document = documents.lock(access, document_id)
    active = ConfigurationRepository(access.connection).active_ids(
        access.scope, document.document_type, document.sub_organization_id
    )
    latest = newest_of_each(DeliveryRepository(access.connection).states(access.scope, document_id))
    status = derive_status(latest, active)
    documents.record_export_status(access, document_id, status, text, actor_name, document)
    return status


def tell_of_delivery(
    access: ScopedWork[OrganizationScope],
    documents: DocumentService,
    delivery: Delivery,
    at: datetime,
    *types: EventType,
    status: DeliveryStatus,
    details: Mapping[str, str] | None = None,
) -> None:
    """Tell webhooks what became of a delivery, in the transaction of its change."""
    about = {
        "delivery": delivery.id,
        "configuration": delivery.configuration_id,
        "configuration_title": delivery.configuration_title,
        "method": delivery.method.value,
        "generation": str(delivery.generation),
        **(details or {}),
    }
    events = [
        Event(each, delivery.document_id, at, delivery.status.value, status.value, about)
        for each in types
    ]
    documents.events.tell(access, events)


def keep_exported(
    access: Access[OrganizationScope], documents: DocumentService, document_id: str
) -> None:
    """Let a document that waits for the approvals of a re-export be *Exported* as before.

    Raises Forbidden, NotFound, and Conflict where none waits or its deliveries are not all done.
    """
    document = documents.get(access, document_id)
    access.require(Permission.RE_EXPORT, document.document_type)
    if document.status in PENDING:
        told = _("It is not exported again.")
        record_document_status(access, documents, document_id, told, access.actor.name)
        if documents.get(access, document_id).status is DocumentStatus.EXPORTED:
            return
    raise Conflict(
        _("No re-export of this document waits for an approval."), code="no_re_export_waits"
    )
