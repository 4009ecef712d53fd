from __future__ import annotations

from datetime import timedelta

import pytest

from ionport.core.clock import MovableClock
from ionport.exports.engine.circuit import Circuits
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.ledger.attempts import Problem
from ionport.exports.model import OutcomeKind
from ionport.exports.timing import ExportTiming
from tests.unit.exports.conftest import Walk

TIMING = ExportTiming(pause_after=3, pause=10.0, longest_pause=30.0)
NOBODY = Problem("connection_refused", "", transient=True)


@pytest.fixture
def circuits(clock: MovableClock) -> Circuits:
    return Circuits(clock, TIMING)


def fail(circuits: Circuits, times: int, connection_id: str = "con_1") -> None:
    for _ in range(times):
        circuits.report(connection_id, NOBODY)


def test_a_connection_pauses_after_failures_in_a_row_and_only_that_one(circuits: Circuits):
    fail(circuits, 2)
    assert circuits.seconds_to_wait("con_1") == 0
    fail(circuits, 1)
    assert circuits.seconds_to_wait("con_1") == 10.0
    assert circuits.seconds_to_wait("con_2") == 0


def test_after_the_pause_one_call_tries_and_the_others_wait(
    circuits: Circuits, clock: MovableClock
):
    fail(circuits, 3)
    clock.advance(timedelta(seconds=10))
    assert circuits.seconds_to_wait("con_1") == 0
    assert circuits.seconds_to_wait("con_1") == 10.0
    circuits.report("con_1", None)
    assert circuits.seconds_to_wait("con_1") == 0


def test_pauses_grow_up_to_the_longest(circuits: Circuits, clock: MovableClock):
    fail(circuits, 3)
    pauses = []
    for _ in range(4):
        pauses.append(circuits.seconds_to_wait("con_1"))
        clock.advance(timedelta(seconds=pauses[-1]))
        assert circuits.seconds_to_wait("con_1") == 0
        fail(circuits, 1)
    assert pauses == [10.0, 20.0, 30.0, 30.0]


@pytest.mark.parametrize(
    "problem",
    [
        Problem("idm_http_400", "", http_status=400),
        Problem("idm_http_500", "", transient=True, http_status=500),
        Problem("idm_http_429", "", transient=True, http_status=429),
    ],
)
def test_an_answer_of_infor_is_no_silence(circuits: Circuits, problem: Problem):
    fail(circuits, 2)
    circuits.report("con_1", problem)
    fail(circuits, 2)
    assert circuits.seconds_to_wait("con_1") == 0


@pytest.mark.on_each_database
def test_deliveries_of_a_silent_connection_wait_without_calling(walk: Walk, runner: DeliveryRunner):
    deliveries = [walk.exported(f"silent-{number}") for number in range(8)]
    walk.proxy.fault("GET", "/items/search", "drop", times=5)
    outcomes = [runner.run(delivery_id) for delivery_id in deliveries]
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.WAIT}
    assert len(walk.proxy.calls) == 5
    last = walk.side.detail(deliveries[-1]).delivery
    assert last.error_code == "connection_paused"
    walk.clock.advance(timedelta(seconds=1))
    for delivery_id in deliveries:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
