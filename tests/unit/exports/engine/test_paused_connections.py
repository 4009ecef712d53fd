"""A paused connection: nothing leaves over it, and what waits goes on when it is resumed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ionport.core.errors import Conflict, Forbidden, InvalidInput
from ionport.core.paging import PageRequest
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import DeliveryStatus, OutcomeKind
from ionport.identity.access import Access
from ionport.identity.model import Actor
from tests.support.exporting import OPERATOR, QUICK, closing
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.on_each_database
ITEMS = "/IDM/api/items"
PUBLISH = "/IONSERVICES"


def pause(walk: Walk, reason: str = "", actor: Actor = OPERATOR) -> None:
    with walk.side.database.write() as work:
        access = Access(work, walk.side.scope, actor)
        walk.side.connections.pauses.pause(access, walk.configuration.connection_id, reason)


def resume(walk: Walk) -> None:
    with walk.side.database.write() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        walk.side.connections.pauses.resume(access, walk.configuration.connection_id)


def test_nothing_leaves_while_paused_and_all_that_waits_arrives_afterwards(walk: Walk) -> None:
    with closing(walk.side.runner()) as runner:
        first, second = walk.exported("P-1"), walk.exported("P-2")
        pause(walk, "Month-end in M3")
        for delivery_id in (first, second):
            assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
        held = walk.side.detail(first).delivery
        assert (held.is_held, held.error_code) == (True, "paused_by_person")
        assert "Month-end in M3" in held.error_text
        assert walk.side.detail(first).attempts == ()
        with pytest.raises(Conflict, match="Month-end"):
            walk.side.retry(first)
        # However long it lasts, it counts as no try.
        walk.clock.advance(timedelta(days=9))
        calls = len(walk.proxy.calls)
        walk.side.prove(walk.configuration.connection_id)
        assert len(walk.proxy.calls) > calls, "a proof on demand runs all the same"
        resume(walk)
        for delivery_id in (first, second):
            assert runner.run(delivery_id).kind is OutcomeKind.DONE


def test_a_pass_under_way_sends_nothing_more_once_its_connection_is_paused(walk: Walk) -> None:
    def meanwhile(method: str, path: str) -> None:
        if method == "POST" and ITEMS in path:
            pause(walk)

    walk.proxy.after_commit = meanwhile
    with closing(walk.side.runner()) as runner:
        delivery_id = walk.exported("P-3")
        assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
        detail = walk.side.detail(delivery_id)
        assert detail.delivery.error_code == "paused_by_person"
        assert detail.delivery.idm_pid
        assert walk.messages(detail) == []
        resume(walk)
        assert runner.run(delivery_id).kind is OutcomeKind.DONE
        assert len(walk.items(detail)) == len(walk.messages(detail)) == 1


def test_a_lost_call_is_not_looked_up_while_paused(walk: Walk) -> None:
    with closing(walk.side.runner()) as runner:
        walk.proxy.fault("POST", ITEMS, "cut")
        delivery_id = walk.exported("P-4")
        assert runner.run(delivery_id).kind is OutcomeKind.WAIT
        pause(walk)
        walk.clock.advance(timedelta(minutes=1))
        calls = len(walk.proxy.calls)
        assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
        assert len(walk.proxy.calls) == calls
        resume(walk)
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
        assert len(walk.items(walk.side.detail(delivery_id))) == 1


def test_what_waits_for_its_next_try_says_that_the_connection_is_paused(walk: Walk) -> None:
    side = walk.side
    walk.proxy.fault("POST", ITEMS, "refuse", status=503, body=b"{}")
    delivery_id = walk.exported("P-5")
    with closing(side.runner()) as runner:
        assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    due = side.detail(delivery_id).delivery.next_attempt_at
    pause(walk, "Month-end in M3")
    held, waiting = (DeliveryFilter(is_held=each) for each in (True, False))
    with side.database.read() as work:
        access = Access(work, side.scope, OPERATOR)
        document_id = side.detail(delivery_id).delivery.document_id
        shown = [
            side.detail(delivery_id).delivery,
            *side.deliveries.of_document(access, document_id),
            *side.deliveries.list(access, held, PageRequest()).items,
            *side.deliveries.following(access, held, 5, None).items,
        ]
        assert side.deliveries.list(access, waiting, PageRequest()).total == 0
        assert sum(side.deliveries.held(access).values()) == 1
    assert [each.id for each in shown] == [delivery_id] * 4
    for each in shown:
        assert (each.is_held, each.next_attempt_at) == (True, None)
        assert "Month-end in M3" in f"{each.error_text} {each.remedy}"
    with pytest.raises(Conflict, match="Month-end"):
        side.retry(delivery_id)
    resume(walk)
    assert side.detail(delivery_id).delivery.next_attempt_at == due


def test_pausing_needs_the_right_and_a_short_reason(walk: Walk) -> None:
    with pytest.raises(Forbidden):
        pause(walk, actor=Actor("usr_1", "stranger"))
    with pytest.raises(InvalidInput):
        pause(walk, "x" * 501)
    resume(walk)


def test_what_waits_for_a_server_is_told_to_all_and_tried_at_once_on_demand(walk: Walk) -> None:
    timing = replace(QUICK, pause_after=1, pause=300.0)
    side, connection_id = walk.side, walk.configuration.connection_id
    with closing(side.runner(timing)) as runner:
        walk.proxy.fault("GET", ITEMS, "refuse", status=503)
        first, second = walk.exported("first"), walk.exported("second")
        assert runner.run(first).kind is OutcomeKind.WAIT
        assert runner.run(second).kind is OutcomeKind.WAIT
        with side.database.read() as work:
            access = Access(work, side.scope, OPERATOR)
            told = side.deliveries.without_answer(access)[connection_id]
        waiting = side.detail(second).delivery
        assert (told.until, told.deliveries) == (waiting.due_at, 1)
        assert "503" in told.text
        walk.clock.advance(timedelta(seconds=1))
        with side.database.write() as work:
            side.connections.pauses.try_now(Access(work, side.scope, OPERATOR), connection_id)
        assert runner.run(second).kind is OutcomeKind.DONE
        with side.database.read() as work:
            access = Access(work, side.scope, OPERATOR)
            assert side.deliveries.without_answer(access) == {}


def test_try_now_lets_one_delivery_through_and_a_failure_pauses_again(walk: Walk) -> None:
    timing = replace(QUICK, pause_after=1, pause=300.0)
    side = walk.side
    with closing(side.runner(timing)) as runner:
        walk.proxy.fault("GET", ITEMS, "refuse", status=503, times=2)
        ids = [walk.exported(name) for name in ("one", "two", "three")]
        for delivery_id in ids:
            assert runner.run(delivery_id).kind is OutcomeKind.WAIT
        walk.clock.advance(timedelta(seconds=1))
        side.retry(ids[1])
        asked = walk.proxy.count("GET", ITEMS)
        assert runner.run(ids[1]).kind is OutcomeKind.WAIT
        assert walk.proxy.count("GET", ITEMS) == asked + 1
        assert side.detail(ids[2]).delivery.status is DeliveryStatus.WAITING
        walk.clock.advance(timedelta(seconds=1))
        resume(walk)
        for delivery_id in ids[::2]:
            assert runner.run(delivery_id).kind is OutcomeKind.DONE
