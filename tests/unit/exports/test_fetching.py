"""A delivery that was taken and not confirmed is taken again when the time is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ionport.connections.model import TargetKind
from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict
from ionport.exports.fetching.service import FetchingService
from ionport.exports.model import AttemptState, DeliveryStatus, ExportMethod, StepKind
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR, DocumentSide, closing


def test_a_lease_that_lapsed_confirms_nothing_once_another_has_the_delivery(
    side: DocumentSide, clock: MovableClock
) -> None:
    woken: list[bool] = []
    service = FetchingService(
        side.database, clock, side.blobs, side.documents, lambda: woken.append(True)
    )
    side.configure(side.add_target(TargetKind.PULL, {}), ExportMethod.ON_PREMISE)
    delivery_id = side.export(side.receive()).id

    def take() -> str:
        with side.database.write() as work:
            return service.take(Access(work, side.scope, OPERATOR), delivery_id, 30).lease

    def confirm(lease: str) -> None:
        with side.database.write() as work:
            service.confirm(Access(work, side.scope, OPERATOR), delivery_id, lease, "")

    with closing(side.runner()) as runner:
        runner.run(delivery_id)
        assert side.detail(delivery_id).delivery.status_label == "Waits to be fetched"
        first = take()
        with pytest.raises(Conflict):
            take()
        clock.advance(timedelta(seconds=31))
        second = take()
        with pytest.raises(Conflict) as refused:
            confirm(first)
        assert refused.value.code == "lease_lapsed"
        confirm(second)
        assert woken
        runner.run(delivery_id)
    detail = side.detail(delivery_id)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    states = [each.state for each in detail.attempts if each.step is StepKind.FETCH]
    assert states == [AttemptState.UNKNOWN, AttemptState.SUCCEEDED]
    assert first not in repr(detail)
    assert second not in repr(detail)
