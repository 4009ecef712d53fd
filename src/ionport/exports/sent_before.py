"""What was sent of a document, or may have been: only a person has it sent again."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.exports.destinations import destination_of
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import AttemptState, Delivery, DeliveryStatus, StepKind
from ionport.store import OrganizationScope, ScopedWork


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
