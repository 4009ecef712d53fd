"""A document's export status, derived from its deliveries.

Source: docs/decisions/0013-a-document-s-export-status-is-derived.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from ionport.core.errors import Conflict
from ionport.core.i18n import _
from ionport.documents.model import DocumentStatus, ErpStatus
from ionport.documents.review.life_cycle import PENDING
from ionport.documents.service import DocumentService
from ionport.documents.webhooks.model import Event, EventType
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.questions.model import FIRST_AFTER
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import (
    Delivery,
    DeliveryStatus,
    DeliveryStep,
    ExportMethod,
    StepKind,
    StepStatus,
)
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope, ScopedWork


class _State(Protocol):
    """A delivery, or the part of one that a status is derived from."""

    @property
    def configuration_id(self) -> str: ...

    @property
    def generation(self) -> int: ...

    @property
    def status(self) -> DeliveryStatus: ...

    @property
    def erp_status(self) -> ErpStatus | None: ...

    @property
    def erp_name(self) -> str: ...


# From the status that most needs a person to the one that needs none.
_FAR: Final = (
    ErpStatus.REJECTED,
    ErpStatus.NO_WORD,
    ErpStatus.HANDED_OVER,
    ErpStatus.ACCEPTED,
    ErpStatus.POSTED,
)

# The ERP status that follows from a done step; only ION passes the invoice on.
_BY_STEP: Final = {
    StepKind.M3_HEAD: ErpStatus.ACCEPTED,
    StepKind.LN_CREATE: ErpStatus.ACCEPTED,
    StepKind.ION_PUBLISH: ErpStatus.HANDED_OVER,
}

StateT = TypeVar("StateT", bound=_State)


def derive_status(latest: Iterable[_State], active: frozenset[str]) -> DocumentStatus:
    """Return the status that follows from the newest delivery of each configuration.

    *Exported* only when all active configurations have delivered. Deliveries through
    configurations that are no longer active count while nothing else decides. A delivery that the
    ERP has rejected is an error until it is exported again, and one without an ERP status in time
    until it has one.
    """
    latest = list(latest)
    newest = {delivery.configuration_id: delivery.status for delivery in latest}
    if any(not status.is_over for status in newest.values()):
        return DocumentStatus.EXPORTING
    if any(each.erp_status is not None and each.erp_status.needs_person for each in latest):
        return DocumentStatus.EXPORT_ERROR
    delivered = {key for key, status in newest.items() if status is DeliveryStatus.DELIVERED}
    if active and active <= delivered:
        return DocumentStatus.EXPORTED
    if DeliveryStatus.FAILED in newest.values():
        return DocumentStatus.EXPORT_ERROR
    if delivered and not active:
        return DocumentStatus.EXPORTED
    return DocumentStatus.VALIDATED_PENDING_EXPORT


def derive_erp(latest: Iterable[_State]) -> tuple[ErpStatus | None, str]:
    """Return the least advanced ERP status of these deliveries, and the ERP's number."""
    told = [(_FAR.index(each.erp_status), each.erp_name) for each in latest if each.erp_status]
    if not told:
        return None, ""
    far, name = min(told)
    return _FAR[far], name


def reaches_erp(method: ExportMethod) -> bool:
    """Tell whether an ERP gets what a method delivers, itself or through ION."""
    return any(call.kind in _BY_STEP for call in destination_of(method).calls)


def handed_over_of(
    delivery: Delivery, steps: Mapping[StepKind, DeliveryStep], now: datetime
) -> Mapping[str, Any]:
    """Return the columns of the ERP status of a delivery whose steps are done; none without an ERP.

    They are for a delivery that has no ERP status yet.
    """
    made = {kind for kind, step in steps.items() if step.status is not StepStatus.SKIPPED}
    status = next((far for kind, far in _BY_STEP.items() if kind in made), None)
    if status is None:
        return {}
    is_asked = destination_of(delivery.method).question is not None
    return {"erp_status": status, "erp_ask_at": now + FIRST_AFTER if is_asked else None}


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
    documents.export_status.record(
        access, document_id, status, text, actor_name, document, derive_erp(latest)
    )
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
    """Pass the event of a delivery's new status to webhooks and alerts, in its transaction."""
    about = _about(delivery, details or {})
    events = [
        Event(each, delivery.document_id, at, delivery.status.value, status.value, about)
        for each in types
    ]
    documents.events.tell(access, events)


def tell_of_erp(
    access: ScopedWork[OrganizationScope],
    documents: DocumentService,
    delivery: Delivery,
    at: datetime,
    status: ErpStatus,
    details: Mapping[str, str],
) -> None:
    """Pass the event of a delivery's new ERP status to webhooks and alerts, in its transaction.

    Previous and new status are those of the ERP.
    """
    kind = EventType.of_erp(status)
    if kind is not None:
        before = delivery.erp_status.value if delivery.erp_status else None
        about = _about(delivery, details)
        event = Event(kind, delivery.document_id, at, before, status.value, about)
        documents.events.tell(access, [event])


def _about(delivery: Delivery, details: Mapping[str, str]) -> Mapping[str, str]:
    return {
        "delivery": delivery.id,
        "configuration": delivery.configuration_id,
        "configuration_title": delivery.configuration_title,
        "method": delivery.method.value,
        "generation": str(delivery.generation),
        **details,
    }


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
