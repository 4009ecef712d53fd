"""What a look-up proves, which answers count, and how passes end (docs/decisions/0019)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from ionport.exports.engine import runner as runner_module
from ionport.exports.engine.engine import DeliveryEngine
from ionport.exports.engine.passes.model import SETTLED
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.engine.queues.port import RunPass
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.engine.schedule import Schedule
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.model import DeliveryStatus, DuePass, OutcomeKind, StepStatus
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR, QUICK, closing
from tests.unit.exports.conftest import Walk
from tests.unit.exports.engine.test_right_to_send import (
    ITEMS,
    PUBLISH,
    creates,
    is_first_create,
    take,
)


def nothing_found(walk: Walk) -> None:
    """The next look-up finds nothing, whatever IDM holds."""
    walk.proxy.fault(
        "GET",
        ITEMS,
        "refuse",
        status=200,
        headers=(("Content-Type", "application/json"),),
        body=b'{"items":{"item":[]}}',
    )


def test_a_miss_proves_only_what_could_be_seen_when_it_was_asked(
    walk: Walk, runner: DeliveryRunner
):
    """IDM looks at once, and its answer is on the way until the call would have settled."""
    walk.proxy.fault("POST", ITEMS, "drop")
    delivery_id = walk.exported()
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    walk.clock.advance(timedelta(seconds=QUICK.settle / 2))

    def slow(method: str, _path: str) -> None:
        if method == "GET":
            walk.clock.advance(timedelta(seconds=QUICK.settle))

    walk.proxy.after_commit = slow
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    assert walk.proxy.count("POST", ITEMS) == 1
    walk.clock.advance(timedelta(seconds=1))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert walk.proxy.count("POST", ITEMS) == 2


def test_a_late_answer_does_not_hide_what_became_of_a_second_create(
    walk: Walk, runner: DeliveryRunner
):
    """The second create is lost when the answer of the first comes: both are there."""
    delivery_id, other = walk.exported(), walk.side.runner()

    def meanwhile(method: str, path: str) -> None:
        if is_first_create(walk, method, path):
            take(walk, delivery_id)
            nothing_found(walk)
            walk.proxy.fault("POST", ITEMS, "cut")
            assert other.run(delivery_id).kind is OutcomeKind.WAIT

    walk.proxy.after_commit = meanwhile
    runner.run(delivery_id)
    walk.clock.advance(timedelta(seconds=QUICK.settle))
    walk.run(other, delivery_id)
    other.close()
    detail = walk.side.detail(delivery_id)
    pids = {item.pid for item in walk.items(detail)}
    assert len(pids) == 2
    assert detail.delivery.error_code == "document_held"
    with walk.side.database.read() as work:
        findings = walk.side.documents.review.list(
            work.within(walk.side.scope), detail.delivery.document_id
        )
    (finding,) = (each for each in findings if each.is_open)
    assert {finding.parameters["first_id"], finding.parameters["second_id"]} == pids


def test_a_late_answer_counts_when_the_second_create_never_arrived(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id, other = walk.exported(), walk.side.runner()

    def meanwhile(method: str, path: str) -> None:
        if is_first_create(walk, method, path):
            take(walk, delivery_id)
            nothing_found(walk)
            walk.proxy.fault("POST", ITEMS, "drop")
            assert other.run(delivery_id).kind is OutcomeKind.WAIT

    walk.proxy.after_commit = meanwhile
    runner.run(delivery_id)
    nothing_found(walk)
    walk.clock.advance(timedelta(seconds=QUICK.settle))
    assert walk.run(other, delivery_id).kind is OutcomeKind.DONE
    other.close()
    detail = walk.side.detail(delivery_id)
    assert [item.pid for item in walk.items(detail)] == [detail.delivery.idm_pid]
    assert creates(walk, delivery_id)[-1] == "sent>unknown>failed"


def test_pauses_of_a_connection_are_no_interruptions(walk: Walk):
    """However often a delivery looks whether its connection has come back, it is not given up."""
    timing = replace(QUICK, pause_after=1, pause=300.0, max_runs=3)
    with closing(walk.side.runner(timing)) as runner:
        first, second = walk.exported("first"), walk.exported("second")
        for _round in range(5):
            walk.proxy.fault("GET", ITEMS, "refuse", status=503)
            assert runner.run(first).kind is OutcomeKind.WAIT
            assert runner.run(second).kind is OutcomeKind.WAIT
            assert walk.side.detail(second).delivery.error_code == "connection_paused"
            walk.clock.advance(timedelta(seconds=300))
        assert runner.run(second).kind is OutcomeKind.DONE


def test_a_delivery_that_was_held_for_days_is_tried_as_often_as_any_other(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported()
    document_id = walk.side.detail(delivery_id).delivery.document_id
    parameters = {"step": "x", "first_id": "a", "second_id": "b", "delivery_id": delivery_id}
    with walk.side.database.write() as work:
        walk.side.documents.add_finding(
            work.within(walk.side.scope), document_id, "two_items", parameters
        )
    assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
    walk.clock.advance(timedelta(days=3))
    with walk.side.database.write() as work:
        walk.side.deliveries.export(
            Access(work, walk.side.scope, OPERATOR), document_id, accept_findings="compared"
        )
    walk.proxy.fault("GET", ITEMS, "refuse", status=503)
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    walk.clock.advance(timedelta(seconds=1))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE


def test_an_answer_is_written_before_the_end_of_a_pause_is(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
):
    """The database goes away between the two: the answer is kept, the pause ends a bit later."""
    with closing(walk.side.runner(replace(QUICK, pause_after=1, pause=300.0))) as runner:
        delivery_id = walk.exported()
        walk.proxy.fault("POST", PUBLISH, "refuse", status=503)
        assert runner.run(delivery_id).kind is OutcomeKind.WAIT
        walk.clock.advance(timedelta(seconds=300))
        whole = PassRepository.free

        def away_once(*_arguments: object, **_more: object) -> int:
            monkeypatch.setattr(PassRepository, "free", whole)
            raise OperationalError("update", {}, Exception("server closed the connection"))

        monkeypatch.setattr(PassRepository, "free", away_once)
        assert runner.run(delivery_id).kind is OutcomeKind.DONE
    assert walk.side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED
    assert walk.proxy.count("POST", PUBLISH) == 2


@pytest.mark.on_each_database
def test_a_retry_gives_a_step_whose_worker_was_lost_all_its_tries(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported()
    walk.proxy.fault("POST", PUBLISH, "refuse", status=503)
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    walk.clock.advance(timedelta(seconds=1))
    walk.proxy.fault("POST", PUBLISH, "drop")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner._ends, "finish", lambda *_arguments: SETTLED)
        runner.run(delivery_id)
    take(walk, delivery_id)
    step = walk.side.detail(delivery_id).steps[3]
    assert (step.status, step.tries) == (StepStatus.RUNNING, 1)
    with walk.side.database.write() as work:
        walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
    step = walk.side.detail(delivery_id).steps[3]
    assert (step.status, step.tries) == (StepStatus.PENDING, 0)


def test_a_mistake_before_the_first_step_fails_the_delivery_once(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
):
    """It would stay due, and be tried again without end."""
    delivery_id = walk.exported()

    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(runner_module, "what_holds", broken)
    assert runner.run(delivery_id).kind is OutcomeKind.FAILED
    assert walk.side.detail(delivery_id).delivery.error_code == "internal"


class Places:
    """A queue that has room for whatever it is offered, and runs nothing."""

    is_alone = True

    def __init__(self) -> None:
        self.offered: list[int] = []

    def free_places(self) -> int:
        return 30

    def is_short(self) -> bool:
        return True

    def busy(self) -> Sequence[str]:
        return ()

    def offer(self, due: Sequence[DuePass]) -> None:
        self.offered.append(len(due))

    def upkeep(self) -> None: ...
    def launch(self, run: RunPass) -> None: ...
    def stop(self) -> None: ...
    def close(self, *, finished: bool) -> None: ...


@pytest.mark.on_each_database
def test_while_the_database_takes_nothing_few_passes_are_tried(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
):
    """A full disk reads well: without a brake all places break off at once, again and again."""
    delivery_ids = [walk.exported(f"n{number}") for number in range(6)]
    places = Places()
    schedule = Schedule(walk.side.database, walk.clock, QUICK, runner.worker_id)
    engine = DeliveryEngine(schedule, places, runner, walk.clock)
    engine._sweep()

    def full(*_arguments: object) -> None:
        raise OperationalError("update", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patched:
        patched.setattr(PassRecords, "claim", full)
        engine._run(delivery_ids[0], 1)
    assert not engine._waking.is_set(), "the next look is not at once"
    engine._sweep()
    engine._run(delivery_ids[0], 1)
    assert engine._waking.is_set()
    engine._sweep()
    assert places.offered == [6, 4, 5]
