"""A wall clock that is set back keeps no delivery waiting for the length of the step."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ionport.core.clock import MovableClock
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.engine.schedule import Schedule
from ionport.exports.model import Delivery, OutcomeKind
from tests.support.exporting import QUICK, closing
from tests.unit.exports.conftest import Walk

STEP = timedelta(minutes=10)


def schedule_of(walk: Walk) -> Schedule:
    return Schedule(walk.side.database, walk.clock, QUICK, "wrk_1")


def tried_in_vain(walk: Walk, runner: DeliveryRunner, number: str = "471102") -> str:
    walk.proxy.fault("POST", "/IDM/api/items", 503)
    delivery_id = walk.exported(number)
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    return delivery_id


def delivery_of(walk: Walk, delivery_id: str) -> Delivery:
    return walk.side.detail(delivery_id).delivery


def is_due(walk: Walk, delivery_id: str) -> bool:
    due = schedule_of(walk).due(10)
    return delivery_id in {each.delivery_id for each in due}


def test_what_waits_is_due_after_a_step_back(walk: Walk, runner: DeliveryRunner):
    schedule, delivery_id = schedule_of(walk), tried_in_vain(walk, runner)
    walk.clock.step(-STEP)
    schedule.mend_clock_step()
    assert is_due(walk, delivery_id)


def test_what_is_written_after_a_step_back_by_the_time_before_it_is_due_as_well(
    walk: Walk, runner: DeliveryRunner
):
    schedule = schedule_of(walk)
    walk.clock.step(-STEP)
    schedule.mend_clock_step()
    # This pass has read the clock before the step, and writes now.
    walk.clock.step(STEP)
    delivery_id = tried_in_vain(walk, runner)
    walk.clock.step(-STEP)
    assert not is_due(walk, delivery_id)
    schedule.mend_clock_step()
    assert is_due(walk, delivery_id)


def test_what_another_writes_just_after_the_start_by_the_time_before_a_step_is_due_as_well(
    walk: Walk, runner: DeliveryRunner
):
    walk.clock.step(-STEP)
    schedule = schedule_of(walk)
    schedule.begin(is_alone=True)
    walk.clock.step(STEP)
    delivery_id = tried_in_vain(walk, runner)
    walk.clock.step(-STEP)
    schedule.mend_clock_step()
    assert is_due(walk, delivery_id)


def test_the_waits_that_another_machine_writes_whose_clock_is_ahead_are_kept(
    walk: Walk, runner: DeliveryRunner
):
    schedule = schedule_of(walk)
    schedule.begin(is_alone=False)
    walk.clock.advance(timedelta(minutes=5))
    walk.clock.step(STEP)
    delivery_id = tried_in_vain(walk, runner)
    wait = delivery_of(walk, delivery_id).due_at
    walk.clock.step(-STEP)
    for _ in range(3):
        schedule.mend_clock_step()
    assert delivery_of(walk, delivery_id).due_at == wait


def test_a_wait_that_is_longer_than_the_step_ends_when_it_would_have_without_it(
    walk: Walk,
) -> None:
    """It was written long before the step: nothing in its row tells of the step."""
    long = replace(QUICK, first_wait=1_800.0, longest_wait=1_800.0)
    with closing(walk.side.runner(long)) as runner:
        schedule = schedule_of(walk)
        schedule.begin(is_alone=True)
        before = tried_in_vain(walk, runner)
        due_before = delivery_of(walk, before).due_at
        walk.clock.advance(timedelta(minutes=15))
        schedule.mend_clock_step()
        walk.clock.step(-STEP)
        walk.clock.advance(timedelta(seconds=1))
        after = tried_in_vain(walk, runner, "471103")
        due_after = delivery_of(walk, after).due_at
        for _ in range(3):
            schedule.mend_clock_step()
    assert due_before is not None
    assert delivery_of(walk, before).due_at == due_before - STEP
    assert delivery_of(walk, after).due_at == due_after


def test_a_step_between_two_readings_does_not_hide_that_a_wait_was_written_before_it(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
):
    """When it is due and when that was written come from one reading of the clock."""
    now = MovableClock.now

    def tick(clock: MovableClock) -> datetime:
        clock.step(timedelta(milliseconds=-1))
        return now(clock)

    delivery_id = walk.exported()
    walk.proxy.fault("POST", "/IDM/api/items", 503)
    walk.clock.advance(STEP)
    monkeypatch.setattr(MovableClock, "now", tick)
    assert (outcome := runner.run(delivery_id)).kind is OutcomeKind.WAIT
    monkeypatch.undo()
    written = delivery_of(walk, delivery_id)
    assert written.due_at is not None
    assert written.due_at - written.updated_at == timedelta(seconds=outcome.seconds)
