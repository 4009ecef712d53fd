"""A person's word of lines that go to M3 in several calls."""

from __future__ import annotations

import functools
from datetime import timedelta

import pytest

from ionport.exports.arrivals.model import Arrival
from ionport.exports.destinations.erp_invoices import m3_lines
from ionport.exports.model import DeliveryStatus, ExportMethod, OutcomeKind, StepKind, StepStatus
from ionport.ionapi import IonApiClient
from ionport.ionapi.m3 import chunks
from tests.support import erp_mappings
from tests.support.exporting import QUICK, closing
from tests.unit.exports.conftest import Opened
from tests.unit.exports.test_arrivals import decide, refused, statuses
from tests.unit.exports.test_erp_invoices import break_call, heads, lines, rows_of


@pytest.mark.parametrize("kind", ["cut", "drop"])
def test_lines_that_a_person_has_found_are_kept_and_those_behind_them_are_sent(
    opened: Opened, client: IonApiClient, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(m3_lines, "chunks", functools.partial(chunks, most=1))
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3)
    # The head, then one call for each line: the answer of the second line is lost.
    break_call(walk, 3, kind)
    delivery_id = walk.exported(f"LINES-{kind}")
    with closing(walk.side.runner()) as runner:
        assert runner.run(delivery_id).kind is OutcomeKind.WAIT
        assert refused(walk, delivery_id, Arrival.THERE).code == "may_still_arrive"
        walk.clock.advance(timedelta(seconds=QUICK.settle))
        decided = decide(walk, delivery_id, Arrival.THERE)
        assert decided.status is DeliveryStatus.PENDING
        assert statuses(walk, delivery_id)[StepKind.M3_LINES] is StepStatus.PENDING
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    (batch,) = heads(client, f"LINES-{kind}")
    assert len(lines(client, batch)) == rows_of(walk, walk.side.detail(delivery_id)) > 2
