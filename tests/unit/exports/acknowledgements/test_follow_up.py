"""What is done with the item in IDM once the ERP has spoken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import DeliveryStatus, StepKind, StepStatus
from ionport.identity.access import Access
from tests.support.acknowledging import ACCEPTED, POSTED, REJECTED
from tests.support.exporting import OPERATOR
from tests.unit.exports.acknowledgements.test_service import Erp
from tests.unit.exports.conftest import Walk

WANTED = {"posted_attribute": "Export=Success", "posted_acl": "Private"}


def configure(walk: Walk, options: dict[str, str]) -> Erp:
    with walk.side.database.write() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        walk.side.configurations.edit(
            access, walk.configuration.id, replace(walk.configuration.fields, options=options)
        )
    assert walk.configuration.connection_id
    return Erp(walk.side, walk.configuration.connection_id)


@pytest.mark.on_each_database
def test_what_is_posted_gets_an_attribute_and_an_acl(walk: Walk, runner: DeliveryRunner) -> None:
    erp = configure(walk, WANTED)
    delivery_id = walk.exported()
    walk.run(runner, delivery_id)
    delivery = walk.side.detail(delivery_id).delivery
    erp.say(delivery, ACCEPTED)
    assert walk.side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED
    erp.say(delivery, POSTED)
    assert walk.side.status(delivery.document_id) == "exporting"
    walk.run(runner, delivery_id)
    detail = walk.side.detail(delivery_id)
    assert detail.steps[-1].kind is StepKind.IDM_UPDATE
    assert detail.steps[-1].status is StepStatus.DONE, detail.steps[-1]
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    (item,) = walk.items(detail)
    assert item.acl == "Private"
    assert walk.side.status(delivery.document_id) == "exported"


def test_what_is_rejected_is_removed_where_a_configuration_says_so(
    walk: Walk, runner: DeliveryRunner
) -> None:
    erp = configure(walk, {"remove_rejected": "on"})
    delivery_id = walk.exported()
    walk.run(runner, delivery_id)
    detail = walk.side.detail(delivery_id)
    assert len(walk.items(detail)) == 1
    erp.say(detail.delivery, REJECTED)
    walk.run(runner, delivery_id)
    assert walk.items(detail) == []
    assert walk.side.detail(delivery_id).delivery.idm_pid is None
    assert walk.side.status(detail.delivery.document_id) == "export_error"


def test_an_answer_that_came_first_is_followed_when_the_delivery_is_done(
    walk: Walk, runner: DeliveryRunner
) -> None:
    erp = configure(walk, {"remove_rejected": "on"})
    delivery_id = walk.exported()
    delivery = walk.side.detail(delivery_id).delivery
    erp.say(delivery, REJECTED)
    walk.run(runner, delivery_id)
    walk.run(runner, delivery_id)
    detail = walk.side.detail(delivery_id)
    assert detail.steps[-1].kind is StepKind.IDM_REMOVE
    assert detail.steps[-1].status is StepStatus.DONE
    assert walk.items(detail) == []


def test_who_cancels_what_follows_the_posting_leaves_the_document_exported(
    walk: Walk, runner: DeliveryRunner
) -> None:
    erp = configure(walk, WANTED)
    delivery_id = walk.exported()
    walk.run(runner, delivery_id)
    delivery = walk.side.detail(delivery_id).delivery
    erp.say(delivery, POSTED)
    with walk.side.database.write() as work:
        walk.side.deliveries.cancel(Access(work, walk.side.scope, OPERATOR), delivery_id)
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    assert detail.steps[-1].status is StepStatus.SKIPPED
    assert walk.side.status(delivery.document_id) == "exported"
