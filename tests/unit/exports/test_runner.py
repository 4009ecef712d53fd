from __future__ import annotations

from ionport.exports.model import AttemptState, DeliveryStatus, OutcomeKind, StepKind
from ionport.exports.runner import DeliveryRunner
from tests.unit.exports.conftest import Walk


def test_a_delivery_puts_one_item_into_idm_and_one_message_into_ion(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    (item,) = walk.items(detail)
    (message,) = walk.messages(detail)
    assert detail.delivery.idm_pid == item.pid
    assert message.arrivals == 1
    assert [(a.step, a.state) for a in detail.attempts] == [
        (StepKind.IDM_LOOK_UP, AttemptState.SUCCEEDED),
        (StepKind.IDM_CREATE, AttemptState.SUCCEEDED),
        (StepKind.ION_PUBLISH, AttemptState.SUCCEEDED),
    ]
    assert walk.side.status(detail.delivery.document_id) == "exported"
