"""A replay tries again what has failed in a time, and nothing that may have arrived."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput
from ionport.core.paging import PageRequest
from ionport.documents.bulk.model import BulkAction, BulkRun, BulkState
from ionport.documents.bulk.runner import BulkRunner
from ionport.documents.bulk.service import BulkService
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import AttemptState, Delivery, DeliveryStatus
from ionport.exports.replay import Replayable, ReplayService, replay_step
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import SystemScope
from tests.support.beside import Beside
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.on_each_database
REASON = "Infor was away from nine to ten"


@dataclass(frozen=True, slots=True)
class Ready:
    """Both sides, what runs deliveries, and what replays them."""

    walk: Walk
    runner: DeliveryRunner
    replays: ReplayService

    @property
    def side(self) -> DocumentSide:
        return self.walk.side


@pytest.fixture
def ready(walk: Walk, runner: DeliveryRunner) -> Ready:
    return Ready(walk, runner, ReplayService(BulkService(walk.clock, walk.side.audit)))


def failed(ready: Ready, number: str) -> Delivery:
    """A delivery that IDM has refused for good."""
    ready.walk.proxy.fault("POST", "/IDM/api/items", "refuse", status=400, body=b"{}")
    delivery = ready.side.export(ready.side.receive(number))
    ready.runner.run(delivery.id)
    found = ready.side.detail(delivery.id).delivery
    assert found.status is DeliveryStatus.FAILED
    return found


def replay(ready: Ready, wanted: DeliveryFilter) -> BulkRun:
    side = ready.side
    with side.database.write() as work:
        run = ready.replays.start(Access(work, side.scope, OPERATOR), wanted, REASON)
    return settled(ready, run)


def settled(ready: Ready, run: BulkRun) -> BulkRun:
    side = ready.side
    steps = {BulkAction.REPLAY: replay_step(side.deliveries)}
    BulkRunner(side.database, ready.walk.clock, steps).run_one(run.id)
    with side.database.read() as work:
        found, _reasons = ready.replays.get(Access(work, side.scope, OPERATOR), run.id)
    assert found.state is BulkState.DONE
    return found


def status_of(side: DocumentSide, delivery: Delivery) -> DeliveryStatus:
    return side.detail(delivery.id).delivery.status


def test_what_failed_in_the_time_arrives_and_what_failed_before_stays(ready: Ready) -> None:
    before = failed(ready, "BEFORE-1")
    ready.walk.clock.advance(timedelta(hours=1))
    since = ready.walk.clock.now()
    first, second = failed(ready, "DURING-1"), failed(ready, "DURING-2")
    ready.walk.clock.advance(timedelta(hours=1))
    until = ready.walk.clock.now()
    after = failed(ready, "AFTER-1")

    wanted = DeliveryFilter(created_from=since, created_to=until)
    with ready.side.database.read() as work:
        access = Access(work, ready.side.scope, OPERATOR)
        assert ready.replays.count(access, wanted) == Replayable(2, 2)
    run = replay(ready, wanted)
    assert (run.total, run.done, run.left_out, run.reason) == (2, 2, 0, REASON)
    for each in (first, second):
        ready.runner.run(each.id)
        assert status_of(ready.side, each) is DeliveryStatus.DELIVERED
    for each in (before, after):
        assert status_of(ready.side, each) is DeliveryStatus.FAILED


def test_each_delivery_keeps_the_reason_in_the_audit_log(ready: Ready) -> None:
    delivery = failed(ready, "AUDITED-1")
    replay(ready, DeliveryFilter(created_from=delivery.created_at))
    with ready.side.database.read() as work:
        access = Access(work, ready.side.scope, OPERATOR)
        entries = ready.side.audit.list(access, PageRequest(per_page=200)).items
    told = [each.details for each in entries if each.subject == delivery.id]
    assert {"reason": REASON} in told


def test_what_may_have_arrived_is_left_out_and_named(ready: Ready) -> None:
    side, delivery = ready.side, failed(ready, "LOST-1")
    surely = failed(ready, "SURE-1")
    with side.database.write() as work:
        ledger = LedgerRepository(work.connection)
        (attempt,) = [
            each
            for each in ledger.attempts(SystemScope("test"), delivery.id)
            if each.state is AttemptState.FAILED
        ]
        lost = replace(attempt, state=AttemptState.UNKNOWN)
        ledger.settle_attempt(SystemScope("test"), lost, expected=AttemptState.FAILED)
    run = replay(ready, DeliveryFilter(created_from=delivery.created_at))
    assert (run.done, run.left_out) == (1, 1)
    assert status_of(side, delivery) is DeliveryStatus.FAILED
    assert status_of(side, surely) is DeliveryStatus.PENDING
    with side.database.read() as work:
        _run, reasons = ready.replays.get(Access(work, side.scope, OPERATOR), run.id)
    (reason,) = reasons
    assert "may have arrived" in reason


def test_what_is_tried_again_meanwhile_is_left_out(ready: Ready) -> None:
    side, delivery = ready.side, failed(ready, "RACE-1")
    wanted = DeliveryFilter(created_from=delivery.created_at)
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        run = ready.replays.start(access, wanted, REASON)
        DeliveryRepository(work.connection).update(
            SystemScope("test"), delivery.id, {"status": DeliveryStatus.CANCELLED}
        )
    settled(ready, run)
    assert status_of(side, delivery) is DeliveryStatus.CANCELLED


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_two_people_who_begin_one_replay_at_one_moment_have_one_run(ready: Ready) -> None:
    side, delivery = ready.side, failed(ready, "TWICE-1")
    wanted, runs = DeliveryFilter(created_from=delivery.created_at), list[BulkRun]()

    def begin(reason: str = REASON) -> None:
        with side.database.write() as work:
            runs.append(ready.replays.start(Access(work, side.scope, OPERATOR), wanted, reason))
            if len(runs) == 1:
                others.extend(Beside(partial(begin, why)) for why in (REASON, "another reason"))
                others[0].ends_or_waits(side.database)

    others = list[Beside]()
    begin()
    assert others[0].ends()
    with pytest.raises(Conflict, match=REASON):
        others[1].ends()
    assert [run.id for run in runs] == [runs[0].id] * 2


def test_what_failed_again_in_one_replay_is_not_tried_by_another_that_was_begun_before(
    ready: Ready,
) -> None:
    side, delivery = ready.side, failed(ready, "AGAIN-1")
    since = delivery.created_at
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        later = ready.replays.start(access, DeliveryFilter(created_from=since), REASON)
    ready.walk.clock.advance(timedelta(minutes=1))
    ready.walk.proxy.fault("POST", "/IDM/api/items", "refuse", status=400, body=b"{}")
    replay(ready, DeliveryFilter(created_from=since - timedelta(days=1)))
    ready.runner.run(delivery.id)
    assert status_of(side, delivery) is DeliveryStatus.FAILED
    assert settled(ready, later).left_out == 1
    assert status_of(side, delivery) is DeliveryStatus.FAILED


def test_a_replay_needs_a_time_a_reason_a_failure_and_the_right(
    ready: Ready, clock: MovableClock
) -> None:
    side, now = ready.side, clock.now()
    delivery = failed(ready, "NEEDS-1")
    since = delivery.created_at
    wanted = DeliveryFilter(created_from=since)
    wrong = [
        (DeliveryFilter(), REASON, "no_time"),
        (DeliveryFilter(created_from=since, created_to=since), REASON, "no_time"),
        (wanted, " ", "no_reason"),
        (wanted, "x" * 501, "no_reason"),
        (DeliveryFilter(created_from=now + timedelta(days=1)), REASON, "nothing_selected"),
        (DeliveryFilter(created_from=since, error_code="another"), REASON, "nothing_selected"),
        (DeliveryFilter(created_from=since, configuration_id="cfg_0"), REASON, "nothing_selected"),
    ]
    for asked, reason, code in wrong:
        with side.database.write() as work, pytest.raises(InvalidInput) as caught:
            ready.replays.start(Access(work, side.scope, OPERATOR), asked, reason)
        assert caught.value.code == code
    stranger = Actor("usr_1", "stranger")
    with side.database.write() as work, pytest.raises(Forbidden):
        ready.replays.start(Access(work, side.scope, stranger), wanted, REASON)
    assert status_of(side, delivery) is DeliveryStatus.FAILED
