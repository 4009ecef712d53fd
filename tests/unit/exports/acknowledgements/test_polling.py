"""M3 is asked about what it has accepted, where a configuration wants it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ionport.exports.acknowledgements.polling import EVERY, FOR, ErpPoller
from ionport.exports.acknowledgements.service import AcknowledgementService
from ionport.exports.destinations.infor_idm_m3 import ASK_OPTION
from ionport.exports.model import Delivery, ExportMethod
from ionport.ionapi import IonApiClient, M3Request
from tests.support import erp_mappings
from tests.support.exporting import QUICK, closing
from tests.unit.exports.conftest import Opened, Walk

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def poller_of(walk: Walk) -> ErpPoller:
    side = walk.side
    service = AcknowledgementService(
        side.clock, side.keys, side.audit, side.connections, side.documents
    )
    return ErpPoller(side.database, side.clock, side.connections, service, QUICK)


def delivered(walk: Walk, number: str) -> Delivery:
    delivery_id = walk.exported(number)
    with closing(walk.side.runner()) as runner:
        walk.run(runner, delivery_id)
    return walk.side.detail(delivery_id).delivery


def post(client: IonApiClient, delivery: Delivery) -> None:
    """Approve and validate an invoice in M3."""
    named = {"INBN": delivery.erp_reference or ""}
    for program, transaction in (
        ("APS450MI", "ApproveInvoice"),
        ("APS455MI", "ValidByBatchNo"),
    ):
        (result,) = client.m3.bulk(program, [M3Request(transaction, named)], company="1")
        assert result.error is None, result.error


def test_what_m3_posts_later_is_known(opened: Opened, client: IonApiClient) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3, **{ASK_OPTION: "on"})
    delivery = delivered(walk, "ASK-1")
    assert delivery.erp_status == "accepted"
    poller = poller_of(walk)
    assert poller.look() == 0
    walk.clock.advance(EVERY + timedelta(seconds=1))
    assert poller.look() == 0
    post(client, delivery)
    assert poller.look() == 0  # It was asked a moment ago.
    walk.clock.advance(EVERY + timedelta(seconds=1))
    assert poller.look() == 1
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, bool(found.erp_voucher)) == ("posted", True)
    assert poller.look() == 0
    poller.close()


def test_m3_is_asked_where_a_configuration_wants_it_and_not_for_ever(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3)
    delivery = delivered(walk, "ASK-2")
    post(client, delivery)
    poller = poller_of(walk)
    walk.clock.advance(EVERY * 2)
    assert poller.look() == 0
    assert walk.side.detail(delivery.id).delivery.erp_status == "accepted"
    walk.clock.advance(FOR)
    assert poller.look() == 0
    poller.close()
