"""Deliveries keep to Infor's limits of their connection, all workers together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from ionport.connections.quota.limiting import Counts, Window
from ionport.connections.repository import TokenRepository
from ionport.core.clock import MovableClock
from ionport.exports.model import DeliveryStatus, OutcomeKind
from ionport.identity.access import Access
from ionport.store import SystemScope
from tests.support.exporting import OPERATOR, DocumentSide, closing, document_side
from tests.unit.exports.conftest import Walk

CALLS_OF_A_DELIVERY = 3


def limit(walk: Walk, limits: Mapping[str, str]) -> None:
    side = walk.side
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.connections.usage.set_limits(access, walk.configuration.connection_id, limits)


def of_another_process(walk: Walk, folder: Path) -> DocumentSide:
    return document_side(walk.side.database, folder / "blobs", walk.clock, walk.side.keys)


@pytest.mark.on_each_database
def test_two_workers_make_no_more_calls_in_a_minute_than_their_connection_may(
    walk: Walk, tmp_path: Path
) -> None:
    limit(walk, {"calls_minute": str(2 * CALLS_OF_A_DELIVERY)})
    other = of_another_process(walk, tmp_path)
    ids = [walk.exported(f"L-{number}") for number in range(4)]
    with closing(walk.side.runner()) as one, closing(other.runner()) as two:
        assert one.run(ids[0]).kind is OutcomeKind.DONE
        walk.side.connections.usage.flush(walk.side.database)
        assert two.run(ids[1]).kind is OutcomeKind.DONE
        other.connections.usage.flush(walk.side.database)
        calls = len(walk.proxy.calls)
        walk.clock.advance(timedelta(seconds=10))
        for runner, delivery_id in ((one, ids[2]), (two, ids[3])):
            assert runner.run(delivery_id).kind is OutcomeKind.WAIT
        assert len(walk.proxy.calls) == calls
        waiting = walk.side.detail(ids[2])
        assert (waiting.delivery.error_code, waiting.attempts) == ("quota_used_up", ())
        assert "6 is used up" in waiting.delivery.error_text
        assert all(step.tries == 0 for step in waiting.steps)
        assert waiting.delivery.due_at is not None
        walk.clock.advance(waiting.delivery.due_at - walk.clock.now())
        for runner, delivery_id in ((one, ids[2]), (two, ids[3])):
            assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE


def test_a_day_that_is_used_up_waits_for_midnight_and_gives_nothing_up(walk: Walk) -> None:
    limit(walk, {"calls_day": str(CALLS_OF_A_DELIVERY)})
    ids = [walk.exported(f"D-{number}") for number in range(2)]
    with closing(walk.side.runner()) as runner:
        assert runner.run(ids[0]).kind is OutcomeKind.DONE
        assert runner.run(ids[1]).kind is OutcomeKind.WAIT
        waiting = walk.side.detail(ids[1]).delivery
        midnight = walk.clock.now().replace(hour=0, minute=0) + timedelta(days=1)
        assert waiting.due_at == midnight + timedelta(seconds=1)
        assert waiting.status is DeliveryStatus.WAITING
        walk.clock.advance(waiting.due_at - walk.clock.now())
        assert runner.run(ids[1]).kind is OutcomeKind.DONE


def test_no_token_is_asked_for_beyond_the_limit_and_one_that_is_good_is_used(
    walk: Walk,
) -> None:
    limit(walk, {"tokens_day": "1"})
    side = walk.side
    ids = [walk.exported(f"T-{number}") for number in range(3)]
    with closing(side.runner()) as runner:
        assert runner.run(ids[0]).kind is OutcomeKind.DONE
        assert runner.run(ids[1]).kind is OutcomeKind.DONE, "its token is good"
        with side.database.write() as work:
            TokenRepository(work.connection).delete_all(SystemScope("test"))
    with closing(side.runner()) as fresh:
        assert fresh.run(ids[2]).kind is OutcomeKind.WAIT
        waiting = side.detail(ids[2]).delivery
        assert waiting.error_code == "sign_on_limit"
        assert waiting.due_at is not None
        walk.clock.advance(waiting.due_at - walk.clock.now())
        assert walk.run(fresh, ids[2]).kind is OutcomeKind.DONE


@pytest.mark.on_each_database
def test_what_waits_for_a_limit_goes_on_as_soon_as_a_person_sets_a_higher_one(
    walk: Walk,
) -> None:
    limit(walk, {"calls_day": str(CALLS_OF_A_DELIVERY)})
    ids = [walk.exported(f"H-{number}") for number in range(2)]
    with closing(walk.side.runner()) as runner:
        assert runner.run(ids[0]).kind is OutcomeKind.DONE
        assert runner.run(ids[1]).kind is OutcomeKind.WAIT
        limit(walk, {"calls_day": "1000"})
        assert runner.run(ids[1]).kind is OutcomeKind.DONE


def test_a_clock_that_was_ahead_for_a_while_blocks_nothing(walk: Walk) -> None:
    limit(walk, {"calls_minute": str(CALLS_OF_A_DELIVERY), "calls_day": "1000"})
    ids = [walk.exported(f"C-{number}") for number in range(2)]
    now = walk.clock.now()
    with closing(walk.side.runner()) as runner:
        walk.clock.step(timedelta(days=30))
        assert runner.run(ids[0]).kind is OutcomeKind.DONE
        walk.side.connections.usage.flush(walk.side.database)
        walk.clock.step(now - walk.clock.now())
        assert runner.run(ids[1]).kind is OutcomeKind.DONE


def test_what_the_last_minute_of_a_day_has_used_is_none_of_the_next_day(walk: Walk) -> None:
    limit(walk, {"calls_day": str(CALLS_OF_A_DELIVERY)})
    midnight = walk.clock.now().replace(hour=0, minute=0, second=0) + timedelta(days=1)
    walk.clock.advance(midnight - timedelta(seconds=1) - walk.clock.now())
    ids = [walk.exported(f"N-{number}") for number in range(2)]
    with closing(walk.side.runner()) as runner:
        assert runner.run(ids[0]).kind is OutcomeKind.DONE
        walk.clock.advance(timedelta(seconds=2))
        assert runner.run(ids[1]).kind is OutcomeKind.DONE


def test_a_minute_counts_by_the_part_of_it_that_lies_in_the_last_sixty_seconds(
    clock: MovableClock,
) -> None:
    start = clock.now().replace(second=0, microsecond=0)
    limits, names = {"calls_minute": 10}, ("calls_minute",)
    used = Window(Counts(calls=4), Counts(calls=12), Counts(calls=16))
    found = used.reached(limits, names, start + timedelta(seconds=15))
    assert found is not None
    assert found.until == start + timedelta(seconds=31)
    assert used.reached(limits, names, found.until) is None
    full = Window(Counts(calls=20), Counts(), Counts(calls=20))
    found = full.reached(limits, names, start + timedelta(seconds=15))
    assert found is not None
    assert found.until == start + timedelta(seconds=91)
