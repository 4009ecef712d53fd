"""Webhooks are told of deliveries in the transaction of the ledger."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from ionport.core.clock import MovableClock
from ionport.documents.webhooks.model import EndpointState, EventType, WebhookEndpoint
from ionport.documents.webhooks.repository import EndpointRepository
from ionport.documents.webhooks.tables import webhook_messages
from ionport.exports.engine.runner import DeliveryRunner
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR
from tests.support.proofs import REFUSED, prove_as
from tests.unit.exports.conftest import Walk


def _listen(walk: Walk, clock: MovableClock) -> None:
    """Keep a message for every event."""
    endpoint = WebhookEndpoint(
        id="whk_1",
        organization_id=walk.side.scope.organization_id,
        name="ERP",
        url="https://erp.example/hook",
        events=frozenset(EventType),
        state=EndpointState.ACTIVE,
        sealed="",
        sealed_previous="",
        previous_until=None,
        failing_since=None,
        created_at=clock.now(),
        created_by="test",
    )
    with walk.side.database.write() as work:
        EndpointRepository(work.connection).add(walk.side.scope, endpoint)


def _told(walk: Walk, delivery_id: str) -> list[dict[str, Any]]:
    """What was told of a delivery and its document, in the order of the sequence."""
    with walk.side.database.read() as work:
        bodies = work.connection.execute(select(webhook_messages.c.body)).scalars().all()
    found = sorted(map(json.loads, bodies), key=lambda body: body["data"]["sequence"])
    assert [body["data"]["sequence"] for body in found] == list(range(1, len(found) + 1))
    assert {body["data"].get("delivery", delivery_id) for body in found} == {delivery_id}
    return found


def test_a_delivery_is_told_step_by_step(
    walk: Walk, runner: DeliveryRunner, clock: MovableClock
) -> None:
    _listen(walk, clock)
    delivery_id = walk.exported()
    walk.run(runner, delivery_id)
    told = _told(walk, delivery_id)
    assert [(body["type"], body["data"].get("step")) for body in told] == [
        ("document.received", None),
        ("document.validated_pending_export", None),
        ("document.exporting", None),
        ("delivery.step_done", "idm_create"),
        ("delivery.step_done", "ion_publish"),
        ("delivery.delivered", "ion_publish"),
        ("document.exported", None),
    ]
    delivered = told[5]["data"]
    assert (delivered["previous_status"], delivered["status"]) == ("running", "delivered")
    assert delivered["number"] == "471102"
    assert delivered["links"]["delivery_api"].endswith(f"/api/v1/deliveries/{delivery_id}")
    # What is secret, or how much it is about, stays in ionport.
    assert not {"correlation_id", "total_amount", "fields"} & set(delivered)


def test_a_failed_and_a_cancelled_delivery_are_told(
    walk: Walk, runner: DeliveryRunner, clock: MovableClock
) -> None:
    _listen(walk, clock)
    walk.proxy.fault("POST", "/IDM/api/items", "refuse", status=400)
    delivery_id = walk.exported()
    walk.run(runner, delivery_id)
    with walk.side.database.write() as work:
        walk.side.deliveries.cancel(Access(work, walk.side.scope, OPERATOR), delivery_id)
    told = _told(walk, delivery_id)[3:]
    assert [(body["type"], body["data"]["status"]) for body in told] == [
        ("delivery.failed", "failed"),
        ("document.export_error", "export_error"),
        ("delivery.cancelled", "cancelled"),
        ("document.validated_pending_export", "validated_pending_export"),
    ]
    assert told[0]["data"]["step"] == "idm_create"


def test_a_delivery_that_a_refused_proof_holds_is_told_once(
    walk: Walk, runner: DeliveryRunner, clock: MovableClock
) -> None:
    _listen(walk, clock)
    delivery_id = walk.exported()
    connection_id = walk.configuration.connection_id
    prove_as(walk.side.database, walk.side.scope, clock, connection_id, REFUSED)
    for _twice in range(2):
        walk.run(runner, delivery_id)
    (told,) = [body["data"] for body in _told(walk, delivery_id) if body["type"] == "delivery.held"]
    assert (told["status"], told["error_code"]) == ("waiting", "proof_refused")
