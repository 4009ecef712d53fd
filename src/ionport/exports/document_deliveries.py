"""The deliveries of documents for decisions about them: the port of `documents/review`.

What was sent, or may have been, is sent again by a person alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ionport.core.clock import Clock
from ionport.core.errors import Conflict
from ionport.core.i18n import _
from ionport.documents.review.ports import Sent
from ionport.documents.service import DocumentService
from ionport.exports.destinations import destination_of
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import (
    DOCUMENT_HELD,
    WAITS_TO_BE_FETCHED,
    AttemptState,
    Delivery,
    DeliveryStatus,
    StepKind,
    StepStatus,
)
from ionport.exports.status import newest_of_each, record_document_status
from ionport.store import OrganizationScope, ScopedWork, SystemScope, Work


class DocumentDeliveries:
    """The deliveries of documents (`Deliveries`)."""

    def __init__(
        self, clock: Clock, documents: DocumentService, wake_after: Callable[[Work], None]
    ) -> None:
        self._clock = clock
        self._documents = documents
        self._wake_after = wake_after

    def lock(self, access: ScopedWork[OrganizationScope], document_id: str) -> Sent:
        """Let no delivery be made or sent until the transaction ends; return what was sent."""
        DeliveryRepository(access.connection).lock_exports(access.scope, document_id)
        return self.sent(access, document_id)

    def sent(self, access: ScopedWork[OrganizationScope], document_id: str) -> Sent:
        """Return what was sent so far."""
        ledger = LedgerRepository(access.connection)
        found = DeliveryRepository(access.connection).of_document(access.scope, document_id)
        if any(_is_at_target(each) or sent_something(ledger, access.scope, each) for each in found):
            return Sent.SOMETHING
        if any(each.status is DeliveryStatus.RUNNING for each in found):
            return Sent.UNDER_WAY
        return Sent.NOTHING

    def has_open(self, access: ScopedWork[OrganizationScope], document_id: str) -> bool:
        """Tell whether one of them is not over."""
        found = DeliveryRepository(access.connection).of_document(access.scope, document_id)
        return any(not each.status.is_over for each in found)

    def oldest_unfinished(self, work: Work) -> datetime | None:
        """Return since when the oldest delivery waits that may still send what it has rendered."""
        return DeliveryRepository(work.connection).oldest_unfinished(SystemScope("open deliveries"))

    def resume(self, access: ScopedWork[OrganizationScope], document_id: str) -> None:
        """Make the deliveries due that wait for a decision, rendered anew, and set the status."""
        if self.free(access, document_id):
            record_document_status(access, self._documents, document_id, "")

    def free(self, access: ScopedWork[OrganizationScope], document_id: str) -> bool:
        """Make the deliveries due that wait for a decision, rendered anew; False without any."""
        found = DeliveryRepository(access.connection).of_document(access.scope, document_id)
        if not found:
            return False
        now, passes = self._clock.now(), PassRepository(access.connection)
        for delivery in found:
            if delivery.status.is_over or delivery.status is DeliveryStatus.RUNNING:
                continue
            if self._render_anew(access, delivery):
                # Until then no program fetches what was rendered before.
                passes.free(access.scope, WAITS_TO_BE_FETCHED, now, delivery_id=delivery.id)
        passes.free(access.scope, DOCUMENT_HELD, now, document_id=document_id)
        self._wake_after(access.work)
        return True

    def _render_anew(self, access: ScopedWork[OrganizationScope], delivery: Delivery) -> bool:
        """Reset the open steps, so that they are rendered from the present document.

        Where a call may have arrived, all open steps keep their bytes: False.
        """
        ledger = LedgerRepository(access.connection)
        kinds = {call.kind for call in destination_of(delivery.method).calls}
        still_open = [
            step.kind
            for step in ledger.steps(access.scope, delivery.id)
            if step.kind in kinds and not step.status.is_over
        ]
        if any(may_have_arrived(ledger, access.scope, delivery.id, kind) for kind in still_open):
            return False
        fresh = {"status": StepStatus.PENDING, "tries": 0, "finished_at": None}
        ledger.update_step(access.scope, delivery.id, StepKind.RENDER, fresh)
        return True


def _is_at_target(delivery: Delivery) -> bool:
    return delivery.status is DeliveryStatus.DELIVERED or bool(
        delivery.idm_pid or delivery.erp_reference
    )


def sent_beside(
    access: ScopedWork[OrganizationScope],
    existing: Mapping[str, Delivery],
    family: str,
    besides: str = "",
) -> Delivery | None:
    """Return a delivery of the same family that sends, has sent or may have sent already."""
    ledger = LedgerRepository(access.connection)
    for other in existing.values():
        if destination_of(other.method).family != family or other.configuration_id == besides:
            continue
        settled = other.status in (DeliveryStatus.FAILED, DeliveryStatus.CANCELLED)
        if not settled or sent_something(ledger, access.scope, other):
            return other
    return None


def newest_by_configuration(
    access: ScopedWork[OrganizationScope], document_id: str
) -> dict[str, Delivery]:
    """Return the newest delivery of a document through each configuration."""
    found = DeliveryRepository(access.connection).of_document(access.scope, document_id)
    return {delivery.configuration_id: delivery for delivery in newest_of_each(found)}


def require_newest(access: ScopedWork[OrganizationScope], delivery: Delivery) -> None:
    """Raise Conflict where the document was exported again since.

    By this configuration, or by one that took its place: what this delivery has sent stays, and
    the rest of it would arrive beside what the other has delivered.
    """
    of_document = newest_by_configuration(access, delivery.document_id)
    newest = of_document[delivery.configuration_id]
    if newest.generation > delivery.generation:
        raise Conflict(
            _("The document was exported again since; retry that delivery."),
            code="delivery_superseded",
            existing_id=newest.id,
        )
    since = {
        configuration_id: other
        for configuration_id, other in of_document.items()
        if other.created_at > delivery.created_at
    }
    _refuse_beside(access, delivery, since)


def refuse_sent_beside(access: ScopedWork[OrganizationScope], delivery: Delivery) -> None:
    """Raise Conflict for a delivery that failed unsent when another one was sent since."""
    ledger = LedgerRepository(access.connection)
    if not sent_something(ledger, access.scope, delivery):
        others = newest_by_configuration(access, delivery.document_id)
        _refuse_beside(access, delivery, others)


def _refuse_beside(
    access: ScopedWork[OrganizationScope], delivery: Delivery, others: Mapping[str, Delivery]
) -> None:
    family = destination_of(delivery.method).family
    other = sent_beside(access, others, family, delivery.configuration_id)
    if other is not None:
        raise Conflict(
            _(
                "The document went through “{title}” since. To send it once more, choose"
                " Re-export as new."
            ).format(title=other.configuration_title),
            code="delivery_superseded",
            existing_id=other.id,
        )


def sent_something(ledger: LedgerRepository, scope: OrganizationScope, delivery: Delivery) -> bool:
    """Whether a call of a delivery that changes something at Infor may have arrived."""
    return any(
        may_have_arrived(ledger, scope, delivery.id, call.kind)
        for call in destination_of(delivery.method).calls
    )


def may_have_arrived(
    ledger: LedgerRepository, scope: OrganizationScope, delivery_id: str, kind: StepKind
) -> bool:
    """Whether any call of a step may have had an effect, so that its bytes must not change."""
    return any(
        attempt.step is kind and attempt.state is not AttemptState.FAILED
        for attempt in ledger.attempts(scope, delivery_id)
    )


def is_surely_refused(
    ledger: LedgerRepository, scope: OrganizationScope, delivery: Delivery
) -> bool:
    """Whether no call of a step that is not done may have had an effect.

    What is done stays done when the delivery is tried again.
    """
    is_open = {step.kind for step in ledger.steps(scope, delivery.id) if not step.status.is_over}
    return not any(
        attempt.step in is_open and attempt.state is not AttemptState.FAILED
        for attempt in ledger.attempts(scope, delivery.id)
    )
