"""The right to send: who is asked, when, and what happens when it is not given."""

from __future__ import annotations

import time

import pytest

from ionport.ionapi import (
    Exchange,
    IonApiClient,
    IonApiError,
    IonApiFile,
    SendWindow,
    SendWindowClosed,
    boot_time,
)
from tests.unit.ionapi.loopback import Loopback, SmallInfor


def open_window(seconds: float = 600.0) -> SendWindow:
    now = boot_time()
    return SendWindow(begin_by=now + seconds, end_by=now + seconds)


def api_calls(server: Loopback) -> list[str]:
    return [call.path for call in server.received if "/as/" not in call.path]


def test_the_clock_of_sends_is_the_one_that_counts_while_the_machine_sleeps() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= boot_time() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_the_permit_is_asked_before_each_authorised_send_and_never_for_a_login(
    infor: SmallInfor, server: Loopback, file: IonApiFile
) -> None:
    seen: list[int] = []

    def permit() -> SendWindow:
        seen.append(len(server.received))
        return open_window()

    with IonApiClient(file) as client:
        guarded = client.guarded_by(permit)
        guarded.messaging.ping()
        assert seen == [1], "when the token was there and nothing else had been sent"
        infor.live.clear()
        guarded.messaging.ping()
        assert seen == [1, 2, 4], "before the refused send, and before its repeat after the login"
        client.messaging.ping()
        guarded.token()
        client.revoke()
    assert len(seen) == 3
    assert infor.logins + infor.refreshes == 2


@pytest.mark.parametrize(
    "refusal", [RuntimeError("the lease is lost"), IonApiError("no", code="x")]
)
def test_a_permit_that_refuses_leaves_the_server_without_a_request(
    server: Loopback, file: IonApiFile, refusal: Exception
) -> None:
    def permit() -> SendWindow:
        raise refusal

    with IonApiClient(file) as client, pytest.raises(type(refusal)) as caught:
        client.guarded_by(permit).messaging.ping()
    assert caught.value is refusal
    assert api_calls(server) == []


def test_a_permit_that_refuses_the_repeat_after_a_401_ends_the_call(
    infor: SmallInfor, server: Loopback, file: IonApiFile
) -> None:
    answers = iter([open_window()])

    def permit() -> SendWindow:
        try:
            return next(answers)
        except StopIteration:
            raise PermissionError("no second send") from None

    with IonApiClient(file) as client:
        client.token()
        infor.live.clear()
        with pytest.raises(PermissionError):
            client.guarded_by(permit).messaging.ping()
    assert len(api_calls(server)) == 1


def test_a_call_whose_time_to_begin_has_passed_is_not_sent(
    server: Loopback, file: IonApiFile
) -> None:
    def permit() -> SendWindow:
        return SendWindow(begin_by=boot_time() - 0.01, end_by=boot_time() + 10)

    with IonApiClient(file) as client, pytest.raises(SendWindowClosed) as caught:
        client.guarded_by(permit).messaging.ping()
    assert not caught.value.sent
    assert caught.value.transient
    assert api_calls(server) == []


def test_a_guarded_client_is_observed_as_well_in_either_order(
    server: Loopback, file: IonApiFile
) -> None:
    seen: list[Exchange] = []
    asked: list[None] = []

    def permit() -> SendWindow:
        asked.append(None)
        return open_window()

    with IonApiClient(file) as client:
        client.token()
        client.guarded_by(permit).observed_by(seen.append).messaging.ping()
        client.observed_by(seen.append).guarded_by(permit).messaging.ping()
    assert (len(seen), len(asked)) == (2, 2)
