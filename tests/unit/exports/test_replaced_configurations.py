"""A configuration that takes the place of another one sends nothing a second time by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ionport.core.errors import Conflict
from ionport.exports.arrivals.model import Arrival
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import Delivery, DeliveryStatus, OutcomeKind
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR
from tests.unit.exports.conftest import Walk
from tests.unit.exports.test_arrivals import refused

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
ITEMS = "/IDM/api/items"


def replace_configuration(walk: Walk) -> None:
    with walk.side.database.write() as work:
        walk.side.configurations.delete(
            Access(work, walk.side.scope, OPERATOR), walk.configuration.id
        )
    walk.side.configure(walk.configuration.connection_id, title="The new one")


def export_again(walk: Walk, document_id: str) -> Delivery:
    with walk.side.database.write() as work:
        (delivery,) = walk.side.deliveries.export(
            Access(work, walk.side.scope, OPERATOR), document_id
        )
    return delivery


def test_what_was_delivered_by_a_replaced_configuration_is_not_exported_again(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported("R-1")
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    replace_configuration(walk)
    document_id = walk.side.detail(delivery_id).delivery.document_id
    assert export_again(walk, document_id).id == delivery_id
    with walk.side.database.write() as work:
        (new,) = walk.side.deliveries.re_export(
            Access(work, walk.side.scope, OPERATOR), document_id, "the ERP was restored"
        )
    assert new.id != delivery_id, "a person may say so"


def test_what_is_under_way_by_a_replaced_configuration_is_not_exported_beside_it(walk: Walk):
    delivery_id = walk.exported("R-2")
    replace_configuration(walk)
    assert export_again(walk, walk.side.detail(delivery_id).delivery.document_id).id == delivery_id


def test_what_failed_before_anything_was_sent_goes_through_the_new_configuration(
    walk: Walk, runner: DeliveryRunner
):
    walk.proxy.fault("POST", ITEMS, "refuse", status=400)
    delivery_id = walk.exported("R-3")
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    replace_configuration(walk)
    new = export_again(walk, walk.side.detail(delivery_id).delivery.document_id)
    assert new.id != delivery_id
    assert walk.run(runner, new.id).kind is OutcomeKind.DONE
    with pytest.raises(Conflict, match="The new one"), walk.side.database.write() as work:
        walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)


def test_what_a_new_configuration_has_delivered_is_not_finished_by_the_former_one(
    walk: Walk, runner: DeliveryRunner
):
    walk.proxy.fault("POST", ITEMS, "cut")
    former = walk.exported("R-5")
    assert runner.run(former).kind is OutcomeKind.WAIT
    side = walk.side
    with side.database.write() as work:
        side.deliveries.cancel(Access(work, side.scope, OPERATOR), former)
    replace_configuration(walk)
    walk.clock.advance(timedelta(minutes=5))
    document_id = side.detail(former).delivery.document_id
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        (new,) = side.deliveries.re_export(access, document_id, "it got lost")
    assert walk.run(runner, new.id).kind is OutcomeKind.DONE
    told = refused(walk, former, Arrival.THERE, reference="1")
    assert (told.code, side.detail(former).delivery.status) == (
        "delivery_superseded",
        DeliveryStatus.CANCELLED,
    )
    with pytest.raises(Conflict, match="The new one"):
        side.retry(former)


def test_what_failed_after_its_item_was_made_is_not_exported_again(
    walk: Walk, runner: DeliveryRunner
):
    walk.proxy.fault("POST", "/v2/multipartMessage", "refuse", status=412)
    delivery_id = walk.exported("R-4")
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    replace_configuration(walk)
    again = export_again(walk, walk.side.detail(delivery_id).delivery.document_id)
    assert (again.id, again.status) == (delivery_id, DeliveryStatus.FAILED)
