"""Adds the step that a configuration asks for once a done delivery has an ERP status."""

from __future__ import annotations

from datetime import datetime

from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations.idm_follow_ups import FOLLOW_UP_KINDS, wanted_step
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.life_cycle import DeliveryCause, sources
from ionport.exports.model import Delivery, DeliveryStatus, DeliveryStep, StepStatus
from ionport.store import OrganizationScope, ScopedWork


def follow_up(access: ScopedWork[OrganizationScope], delivery: Delivery, now: datetime) -> None:
    """Add the step and let a pass take it up, in the transaction of what it follows from.

    Does nothing without such a step, before the delivery is done, and a second time.
    """
    if delivery.status is not DeliveryStatus.DELIVERED or not delivery.idm_pid:
        return
    configuration = ConfigurationRepository(access.connection).get_any(
        access.scope, delivery.configuration_id
    )
    wanted = wanted_step(delivery.erp_status, configuration.options)
    ledger = LedgerRepository(access.connection)
    steps = ledger.steps(access.scope, delivery.id)
    if wanted is None or any(step.kind in FOLLOW_UP_KINDS for step in steps):
        return
    kind, parameters = wanted
    step = DeliveryStep(
        kind=kind,
        position=max(each.position for each in steps) + 1,
        status=StepStatus.PENDING,
        parameters={"pid": delivery.idm_pid, **parameters},
    )
    ledger.add_steps(access.scope, delivery.id, [step])
    due = {
        "status": DeliveryStatus.PENDING,
        "due_at": now,
        "tries_since": now,
        "runs": 0,
        "finished_at": None,
        "updated_at": now,
    }
    DeliveryRepository(access.connection).update(
        access.scope, delivery.id, due, while_status=sources(DeliveryCause.FOLLOW_UP)
    )
