"""Messages arrive at least once, under one id with the same bytes, whatever the receiver does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import WebhookVerificationError

from ionport.core.errors import Conflict
from ionport.documents.webhooks.message_repository import MessageRepository
from ionport.documents.webhooks.model import EndpointState, MessageState
from ionport.documents.webhooks.sender import WebhookTiming
from ionport.identity.access import Access
from tests.support.receiver import Receiver, Reply, receiving
from tests.unit.documents.webhooks.conftest import ACME, OPERATOR, Told

RECEIVED = ["document.received"]
PATIENT = timedelta(days=2)


def _to_today(told: Told) -> None:
    """The verifying library looks at the real clock."""
    told.clock.advance(datetime.now(UTC) - told.clock.now())


@pytest.mark.on_each_database
def test_a_failed_try_is_repeated_under_the_same_id_with_the_same_bytes(told: Told) -> None:
    _to_today(told)
    endpoint, _secret = told.add(events=RECEIVED)
    told.receiver.answer(500, Reply(503, b"later"), 204)
    told.receive("R-1")
    assert told.send_due() == 1
    told.clock.advance(timedelta(seconds=3))
    assert told.send_due() == 0
    told.clock.advance(timedelta(seconds=4))
    assert told.send_due() == 1
    told.clock.advance(timedelta(minutes=7))
    assert told.send_due() == 1
    assert len({call.id for call in told.receiver.calls}) == 1
    assert len({call.body for call in told.receiver.calls}) == 1
    assert len({call.headers["webhook-signature"] for call in told.receiver.calls}) == 3
    (message,) = told.messages(endpoint.id).messages
    assert message.state is MessageState.DELIVERED
    assert message.id == told.receiver.calls[0].id
    tries = [
        (each.number, each.status, each.error, each.answer) for each in told.attempts(endpoint.id)
    ]
    assert tries == [(1, 500, "status", "ok"), (2, 503, "status", "later"), (3, 204, "", "")]


def test_a_receiver_verifies_what_comes_and_no_other_secret_does(told: Told) -> None:
    _to_today(told)
    _endpoint, secret = told.add(events=RECEIVED)
    told.receive("R-1")
    told.send_due()
    (call,) = told.receiver.calls
    assert call.headers["content-type"] == "application/json"
    assert call.verified(secret)["type"] == "document.received"
    with pytest.raises(WebhookVerificationError):
        call.verified("whsec_" + "A" * 44)


def test_after_a_rotation_both_secrets_sign_for_a_day(told: Told) -> None:
    _to_today(told)
    endpoint, old = told.add(events=RECEIVED)
    with told.database.write() as work:
        _endpoint, new = told.webhooks.rotate(Access(work, ACME, OPERATOR), endpoint.id)
    told.receive("R-1")
    told.send_due()
    call = told.receiver.calls[0]
    assert call.verified(old) == call.verified(new.reveal())
    told.clock.advance(timedelta(hours=25))
    told.receive("R-2")
    told.send_due()
    assert len(told.receiver.calls[1].headers["webhook-signature"].split()) == 1


def test_after_all_tries_a_message_is_given_up_and_its_endpoint_is_failing(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receiver.answer(500)
    told.receive("R-1")
    began = told.clock.now()
    while told.messages(endpoint.id).messages[0].state is MessageState.WAITING:
        assert told.send_due() == 1
        (message,) = told.messages(endpoint.id).messages
        if message.due_at:
            told.clock.advance(message.due_at - told.clock.now())
    assert len(told.receiver.calls) == 10
    assert timedelta(days=2) < told.clock.now() - began < timedelta(days=4)
    assert message.state is MessageState.FAILED
    assert told.endpoint(endpoint.id).failing_since == told.clock.now()
    with told.database.read() as work:
        troubled = told.webhooks.troubled(Access(work, ACME, OPERATOR))
    assert [each.id for each in troubled] == [endpoint.id]
    told.receiver.answer(200)
    with told.database.write() as work:
        told.webhooks.resend(Access(work, ACME, OPERATOR), endpoint.id, message.id)
    assert told.send_due() == 1
    assert told.endpoint(endpoint.id).failing_since is None
    assert told.receiver.calls[-1].id == told.receiver.calls[0].id
    assert [each.number for each in told.attempts(endpoint.id)] == list(range(1, 12))


def test_who_answers_410_is_switched_off_until_a_person_resumes_it(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receiver.answer(410, 200)
    told.receive("R-1")
    told.receive("R-2")
    told.send_due()
    assert told.endpoint(endpoint.id).state is EndpointState.OFF
    before = len(told.receiver.calls)
    told.clock.advance(PATIENT)
    told.receive("R-3")
    assert told.send_due() == 0
    with told.database.write() as work:
        told.webhooks.resume(Access(work, ACME, OPERATOR), endpoint.id)
    told.send_due()
    numbers = [call.id for call in told.receiver.calls[before:]]
    assert len(numbers) == 3 - before
    assert all(each.state is MessageState.DELIVERED for each in told.messages(endpoint.id).messages)


@pytest.mark.parametrize("asked", ["600", "Thu, 05 Mar 2026 10:10:00 GMT"])
def test_the_wait_that_a_receiver_asks_for_is_kept_for_all_its_messages(
    told: Told, asked: str
) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receiver.answer(Reply(429, b"", (("Retry-After", asked),)), 200)
    told.receive("R-1")
    assert told.sender.look() == 1
    told.send_due()
    told.clock.advance(timedelta(minutes=9))
    assert told.send_due() == 0
    told.clock.advance(timedelta(minutes=1))
    assert told.send_due() == 1
    assert told.messages(endpoint.id).messages[0].state is MessageState.DELIVERED


@pytest.mark.parametrize("asked", ["soon", "-5", "99999999999999999999", "é", ""])
def test_a_wait_that_makes_no_sense_harms_nothing(told: Told, asked: str) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receiver.answer(Reply(503, b"\x00\xff", (("Retry-After", asked),)), 200)
    told.receive("R-1")
    told.send_due()
    told.clock.advance(timedelta(hours=30))
    assert told.send_due() == 1
    assert told.messages(endpoint.id).messages[0].state is MessageState.DELIVERED


def test_a_redirect_is_not_followed(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    with receiving() as elsewhere:
        told.receiver.answer(Reply(302, b"", (("Location", elsewhere.url),)))
        told.receive("R-1")
        told.send_due()
        assert elsewhere.calls == []
    (attempt,) = told.attempts(endpoint.id)
    assert (attempt.status, attempt.error) == (302, "redirect")


def test_a_huge_answer_is_not_read_to_its_end(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receiver.answer(Reply(500, b"x" * 3_000_000), Reply(200, b"x" * 3_000_000))
    told.receive("R-1")
    told.send_due()
    told.clock.advance(timedelta(minutes=1))
    told.send_due()
    first, second = told.attempts(endpoint.id)
    assert (first.error, second.error) == ("too_large", "")
    assert told.messages(endpoint.id).messages[0].state is MessageState.DELIVERED


def test_the_first_letters_of_the_answer_are_kept(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receiver.answer(Reply(400, b"no\x00 \xff such order" + b"!" * 1000))
    told.receive("R-1")
    told.send_due()
    (attempt,) = told.attempts(endpoint.id)
    assert attempt.answer.startswith("no � such order!")
    assert len(attempt.answer) == 499


def test_who_never_answers_holds_nobody_else_up(told: Told) -> None:
    slow, _secret = told.add(events=RECEIVED)
    told.receiver.answer(Reply(never=True))
    told.receive("R-1")
    with receiving() as quick:
        told.add(quick.url, RECEIVED)
        told.receive("R-2")
        worker = told.worker(WebhookTiming(call=0.3))
        came = threading.Event()
        quick.on_call = came.set
        while not came.is_set():
            worker.look()
            came.wait(0.01)
        worker.close()
        assert len(quick.calls) == 1
    errors = {attempt.error for attempt in told.attempts(slow.id)}
    assert errors == {"timeout"}


@pytest.mark.on_each_database
def test_of_several_workers_one_makes_a_try(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    for number in range(12):
        told.receive(f"R-{number}")
    workers = [told.worker() for _ in range(3)]
    barrier = threading.Barrier(len(workers))

    def look_until_all_came(look: Callable[[], int]) -> None:
        barrier.wait()
        while len(told.receiver.calls) < 12:
            look()

    threads = [
        threading.Thread(target=look_until_all_came, args=(worker.look,)) for worker in workers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.close()
    assert len(told.receiver.calls) == 12
    assert len({call.id for call in told.receiver.calls}) == 12
    assert {each.number for each in told.attempts(endpoint.id)} == {1}


@pytest.mark.on_each_database
def test_many_refusals_at_once_are_all_written_down(told: Told) -> None:
    """Each moves the other messages of the endpoint too."""
    endpoint, _secret = told.add(events=RECEIVED)
    for number in range(16):
        told.receive(f"R-{number}")
    together = threading.Barrier(2)

    def arrive_in_pairs() -> None:
        with suppress(threading.BrokenBarrierError):
            together.wait(5)

    told.receiver.answer(Reply(429, b"", (("Retry-After", "1"),)))
    told.receiver.on_call = arrive_in_pairs
    made = 0
    while made < 16:
        made += told.send_due()
        told.clock.advance(timedelta(seconds=1))
    assert len(told.attempts(endpoint.id)) == len(told.receiver.calls) >= 16


def test_the_death_of_a_worker_delays_a_message_and_loses_none(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receive("R-1")
    dead = told.worker()
    # It has claimed the try, and does not live to make it.
    assert len(dead._claim()) == 1
    dead.close()
    assert told.send_due() == 0
    told.clock.advance(timedelta(seconds=121))
    assert told.send_due() == 1
    (attempt,) = told.attempts(endpoint.id)
    assert (attempt.number, attempt.error) == (2, "")


def test_a_test_message_is_sent_at_once_and_once(told: Told) -> None:
    _to_today(told)
    endpoint, secret = told.add(events=RECEIVED)
    for status, arrived in ((200, True), (500, False)):
        told.receiver.answer(status)
        with told.database.write() as work:
            started = told.webhooks.begin_test(Access(work, ACME, OPERATOR), endpoint.id)
        assert told.sender.look() == 0
        attempt = told.webhooks.finish_test(*started)
        assert (attempt.arrived, attempt.status) == (arrived, status)
        assert told.receiver.calls[-1].verified(secret)["type"] == "webhook.test"
    told.clock.advance(PATIENT)
    assert told.send_due() == 0
    assert told.endpoint(endpoint.id).failing_since is None


def test_an_address_is_judged_when_it_is_called_too(told: Told, receiver: Receiver) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.policy = type(told.policy)(allow_loopback=False)
    worker = told.worker()
    told.receive("R-1")
    assert worker.look() == 1
    worker.close()
    assert receiver.calls == []
    (attempt,) = told.attempts(endpoint.id)
    assert attempt.error == "loopback_address"


def test_messages_and_attempts_are_kept_for_thirty_days(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receive("R-1")
    told.send_due()
    told.clock.advance(timedelta(days=29))
    told.worker().prune()
    assert len(told.attempts(endpoint.id)) == 1
    told.clock.advance(timedelta(days=2))
    told.sender.prune()
    assert told.messages(endpoint.id).messages == []


@pytest.mark.on_each_database
def test_what_is_sent_again_while_it_is_under_way_is_refused(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receive("R-1")
    other = told.worker()
    ((message, _endpoint),) = other._claim()
    with told.database.write() as work, pytest.raises(Conflict) as refused:
        told.webhooks.resend(Access(work, ACME, OPERATOR), endpoint.id, message.id)
    assert refused.value.code == "webhook_message_under_way"
    assert told.send_due() == 0
    other.try_now(message, endpoint)
    other.close()
    with told.database.write() as work:
        repository = MessageRepository(work.connection)
        assert not repository.again(ACME, message.id, message.tries - 1, told.clock.now())
        told.webhooks.resend(Access(work, ACME, OPERATOR), endpoint.id, message.id)
    assert told.send_due() == 1


@pytest.mark.on_each_database
def test_what_is_under_way_is_not_claimed_again_after_a_pause(told: Told) -> None:
    endpoint, _secret = told.add(events=RECEIVED)
    told.receive("R-1")
    other = told.worker()
    ((message, _endpoint),) = other._claim()
    with told.database.write() as work:
        access = Access(work, ACME, OPERATOR)
        told.webhooks.pause(access, endpoint.id)
        with pytest.raises(Conflict):
            told.webhooks.resend(access, endpoint.id, message.id)
        told.webhooks.resume(access, endpoint.id)
    assert told.send_due() == 0
    other.try_now(message, endpoint)
    other.close()
    assert [each.number for each in told.attempts(endpoint.id)] == [1]
