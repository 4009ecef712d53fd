"""Who may send, and when another may (docs/decisions/0019)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from ionport.core.errors import Conflict
from ionport.exports.destinations import infor_idm
from ionport.exports.destinations.infor_idm import IdmPayload
from ionport.exports.engine.leases import LeaseWatch
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.engine.right import RightToSend
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.engine.schedule import Schedule
from ionport.exports.ledger.takeover import take_over
from ionport.exports.model import AttemptState, CallEnd, DeliveryStatus, OutcomeKind, StepKind
from ionport.identity.access import Access
from ionport.ionapi import SendWindow
from tests.support.exporting import OPERATOR, QUICK, closing
from tests.unit.exports.conftest import Walk

ITEMS, PUBLISH = "/IDM/api/items", "/v2/multipartMessage"


def watch(walk: Walk, runner: DeliveryRunner | None = None) -> LeaseWatch:
    """Another worker's look at the leases, or that of `runner`."""
    worker_id = runner.worker_id if runner else "wrk_other"
    schedule = Schedule(walk.side.database, walk.clock, QUICK, worker_id)
    return LeaseWatch(
        schedule, walk.clock, QUICK, lambda: runner.under_way if runner else frozenset()
    )


def take(walk: Walk, delivery_id: str) -> None:
    """Another worker takes the delivery over."""
    lease = walk.side.detail(delivery_id).delivery.lease
    with walk.side.database.write() as work:
        assert take_over(work, lease, CallEnd.SETTLED, "taken over", walk.clock.now())


def creates(walk: Walk, delivery_id: str) -> list[str]:
    return [
        ">".join(change.state for change in attempt.history)
        for attempt in walk.side.detail(delivery_id).attempts
        if attempt.step is StepKind.IDM_CREATE
    ]


def is_first_create(walk: Walk, method: str, path: str) -> bool:
    return method == "POST" and ITEMS in path and walk.proxy.count("POST", ITEMS) == 1


def test_a_worker_that_lost_its_delivery_during_a_second_login_sends_nothing(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
):
    """The gateway refuses the token of the create; another takes over before the repeat."""
    delivery_id = walk.exported()
    walk.proxy.fault("POST", ITEMS, "refuse", status=401)
    whole = RightToSend.__call__

    def slow(right: RightToSend) -> SendWindow:
        if right.sends == 1:
            take(walk, delivery_id)
        return whole(right)

    monkeypatch.setattr(RightToSend, "__call__", slow)
    assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
    assert walk.proxy.count("POST", ITEMS) == 1, "only the one that was refused"
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1


def test_the_repeat_after_a_401_is_in_the_ledger_before_it_leaves(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported()
    walk.proxy.fault("POST", ITEMS, "refuse", status=401)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert creates(walk, delivery_id) == ["sent>sent>succeeded"]


@pytest.mark.on_each_database
def test_nothing_is_sent_when_the_commit_of_sent_fails(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
):
    delivery_id = walk.exported()

    def away(*_arguments: object) -> bool:
        raise OperationalError("update", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patched:
        patched.setattr(PassRecords, "send", away)
        with pytest.raises(OperationalError):
            runner.run(delivery_id)
    assert walk.proxy.count("POST", ITEMS) == 0
    assert watch(walk, runner).look() == 1, "its own worker takes it back at once"
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1


def test_a_worker_that_slept_after_its_record_does_not_send(walk: Walk):
    with closing(walk.side.runner(replace(QUICK, send_within=-100.0))) as runner:
        delivery_id = walk.exported()
        assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    assert walk.proxy.count("POST", ITEMS) == 0
    assert creates(walk, delivery_id) == ["sent>failed"]


def test_a_late_answer_is_kept_and_told_and_makes_no_second_item(
    walk: Walk, runner: DeliveryRunner
):
    """The pass is taken over while Infor works on the create; then its answer comes."""
    delivery_id = walk.exported()

    def meanwhile(method: str, path: str) -> None:
        if is_first_create(walk, method, path):
            take(walk, delivery_id)

    walk.proxy.after_commit = meanwhile
    assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
    (attempt,) = [
        a for a in walk.side.detail(delivery_id).attempts if a.step is StepKind.IDM_CREATE
    ]
    assert attempt.state is AttemptState.SUCCEEDED
    assert "late answer" in attempt.history[-1].note
    pid = (attempt.response or {})["remote_id"]
    detail = walk.side.detail(delivery_id)
    assert any(pid in text for text in walk.side.timeline(detail.delivery.document_id))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    assert [item.pid for item in walk.items(detail)] == [pid] == [detail.delivery.idm_pid]
    assert walk.proxy.count("POST", ITEMS) == 1


def test_a_late_answer_with_a_second_id_holds_the_document_and_names_both(
    walk: Walk, runner: DeliveryRunner, caplog: pytest.LogCaptureFixture
):
    """What no client can prevent: the first create acts after another worker made the second."""
    delivery_id = walk.exported()
    other = walk.side.runner()

    def meanwhile(method: str, path: str) -> None:
        if is_first_create(walk, method, path):
            take(walk, delivery_id)
            empty = b'{"items":{"item":[]}}'
            json_type = (("Content-Type", "application/json"),)
            walk.proxy.fault("GET", ITEMS, "refuse", status=200, headers=json_type, body=empty)
            assert walk.run(other, delivery_id).kind is OutcomeKind.DONE

    walk.proxy.after_commit = meanwhile
    runner.run(delivery_id)
    other.close()
    detail = walk.side.detail(delivery_id)
    pids = {item.pid for item in walk.items(detail)}
    assert len(pids) == 2
    document_id = detail.delivery.document_id
    with walk.side.database.read() as work:
        access = work.within(walk.side.scope)
        assert walk.side.documents.is_held(access, document_id)
        findings = walk.side.documents.review.list(access, document_id)
    (finding,) = (each for each in findings if each.is_open)
    assert {finding.parameters["first_id"], finding.parameters["second_id"]} == pids
    assert all(pid in caplog.text for pid in pids)


@pytest.mark.on_each_database
def test_two_items_that_a_look_up_finds_hold_the_document_and_the_rest_of_its_delivery(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported()
    walk.proxy.fault("POST", ITEMS, "cut")
    runner.run(delivery_id)
    _create_once_more(walk, delivery_id)
    walk.clock.advance(timedelta(minutes=1))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.SETTLED
    delivery = walk.side.detail(delivery_id).delivery
    assert (delivery.status, delivery.error_code) == (DeliveryStatus.WAITING, "document_held")
    assert delivery.is_held
    assert walk.proxy.count("POST", PUBLISH) == 0
    with pytest.raises(Conflict, match="held"), walk.side.database.write() as work:
        walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
    with walk.side.database.write() as work:
        walk.side.deliveries.export(
            Access(work, walk.side.scope, OPERATOR),
            delivery.document_id,
            accept_findings="The second one is deleted in IDM.",
        )
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert walk.proxy.count("POST", PUBLISH) == 1


def _create_once_more(walk: Walk, delivery_id: str) -> None:
    """Send the create again, as a proxy on the way could."""
    digest = walk.side.detail(delivery_id).steps[2].payload_digest or ""
    payload = IdmPayload.from_bytes(walk.side.blobs.get(digest))
    with closing(walk.side.runner()) as runner:
        client = runner._clients.get(walk.side.scope, walk.configuration.connection_id)
        infor_idm.create(client, payload, walk.side.blobs.get)


def test_a_step_of_the_wall_clock_makes_no_miss_conclusive(walk: Walk, runner: DeliveryRunner):
    """The create may still be on its way when the clock is set ten minutes ahead."""
    walk.proxy.fault("POST", ITEMS, "drop")
    delivery_id = walk.exported()
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    walk.clock.step(timedelta(minutes=10))
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT, "the look-up's miss proves nothing"
    assert walk.proxy.count("POST", ITEMS) == 1
    assert walk.side.detail(delivery_id).delivery.error_code == "answer_unknown"
    walk.clock.advance(timedelta(seconds=QUICK.settle))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert walk.proxy.count("POST", ITEMS) == 2


@pytest.mark.on_each_database
def test_a_lease_with_a_call_under_way_is_kept_for_the_whole_takeover_time(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id, others = walk.exported(), watch(walk)
    looks: list[int] = []

    def meanwhile(method: str, path: str) -> None:
        if method == "POST" and ITEMS in path:
            looks.append(others.look())
            walk.clock.advance(timedelta(seconds=QUICK.takeover - 0.1))
            looks.append(others.look())
            walk.clock.step(timedelta(hours=1))
            looks.append(others.look())

    walk.proxy.after_commit = meanwhile
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert looks == [0, 0, 0]


@pytest.mark.on_each_database
def test_a_lease_with_a_call_under_way_is_taken_over_after_that_time(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id, others = walk.exported(), watch(walk)
    looks: list[int] = []

    def meanwhile(method: str, path: str) -> None:
        if method == "POST" and ITEMS in path:
            looks.append(others.look())
            walk.clock.advance(timedelta(seconds=QUICK.takeover))
            looks.append(others.look())

    walk.proxy.after_commit = meanwhile
    assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
    assert looks == [0, 1]
    assert len(walk.items(walk.side.detail(delivery_id))) == 1


def claim(walk: Walk, runner: DeliveryRunner, delivery_id: str) -> None:
    """Begin a pass and do nothing more, as a process that stands still."""
    with walk.side.database.write() as work:
        runner._records.claim(work, delivery_id, 1)


@pytest.mark.on_each_database
def test_a_lease_without_a_call_is_free_once_its_worker_is_silent(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id, others = walk.exported(), watch(walk)
    claim(walk, runner, delivery_id)
    assert others.look() == 0
    walk.clock.advance(timedelta(seconds=QUICK.silent_after - 0.1))
    assert others.look() == 0
    # A heartbeat starts the count anew.
    Schedule(walk.side.database, walk.clock, QUICK, runner.worker_id).beat([delivery_id])
    walk.clock.advance(timedelta(seconds=0.2))
    assert others.look() == 0
    walk.clock.advance(timedelta(seconds=QUICK.silent_after + 0.1))
    assert others.look() == 1
    with closing(walk.side.runner()) as fresh:
        assert walk.run(fresh, delivery_id).kind is OutcomeKind.DONE


def test_a_worker_that_has_just_started_counts_anew(walk: Walk, runner: DeliveryRunner):
    delivery_id, first = walk.exported(), watch(walk)
    claim(walk, runner, delivery_id)
    first.look()
    walk.clock.advance(timedelta(seconds=QUICK.takeover))
    assert watch(walk).look() == 0
    assert first.look() == 1


def test_a_running_delivery_past_its_time_can_be_retried_by_hand(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported()
    claim(walk, runner, delivery_id)
    with pytest.raises(Conflict, match="Running"), walk.side.database.write() as work:
        walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
    walk.clock.advance(timedelta(hours=1))
    with walk.side.database.write() as work:
        walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1


@pytest.mark.on_each_database
def test_the_first_call_that_gets_through_frees_what_waits_for_the_connection(walk: Walk):
    timing = replace(QUICK, pause_after=1, pause=300.0)
    with closing(walk.side.runner(timing)) as runner:
        walk.proxy.fault("GET", ITEMS, "refuse", status=503)
        first, second = walk.exported("first"), walk.exported("second")
        assert runner.run(first).kind is OutcomeKind.WAIT
        assert runner.run(second).kind is OutcomeKind.WAIT
        waiting = walk.side.detail(second).delivery
        assert waiting.error_code == "connection_paused"
        walk.clock.advance(timedelta(seconds=300))
        assert runner.run(first).kind is OutcomeKind.DONE
        assert walk.side.detail(second).delivery.due_at == walk.clock.now()
        assert runner.run(second).kind is OutcomeKind.DONE
