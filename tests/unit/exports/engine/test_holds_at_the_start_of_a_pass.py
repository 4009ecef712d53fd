"""What holds a delivery is asked when its pass begins, whoever made it due: nothing is called."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import DeliveryStatus, OutcomeKind
from tests.support.proofs import ROLE_MISSING, prove_as
from tests.unit.exports.conftest import Walk


@pytest.mark.on_each_database
def test_a_document_that_is_held_since_stops_its_delivery_before_the_first_call(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id = walk.exported()
    document_id = walk.side.detail(delivery_id).delivery.document_id
    with walk.side.database.write() as work:
        walk.side.documents.add_finding(
            work.within(walk.side.scope),
            document_id,
            "two_items",
            {"first_id": "1", "second_id": "2"},
        )
    runner.run(delivery_id)
    held = walk.side.detail(delivery_id).delivery
    assert (held.status, held.error_code, held.due_at) == (
        DeliveryStatus.WAITING,
        "document_held",
        None,
    )
    assert walk.items(walk.side.detail(delivery_id)) == []


def test_a_refused_proof_stops_a_delivery_before_the_first_call_until_one_passes(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id = walk.exported()
    connection_id = walk.configuration.connection_id
    prove_as(walk.side.database, walk.side.scope, walk.clock, connection_id, ROLE_MISSING)
    runner.run(delivery_id)
    held = walk.side.detail(delivery_id).delivery
    assert (held.status, held.due_at) == (DeliveryStatus.WAITING, None)
    assert "connection was refused" in held.error_text
    assert walk.items(walk.side.detail(delivery_id)) == []
    walk.clock.advance(timedelta(minutes=1))
    prove_as(walk.side.database, walk.side.scope, walk.clock, connection_id)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1
