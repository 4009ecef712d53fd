"""However many threads and tasks need a token, one of them asks for it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from ionport.ionapi import (
    AsyncIonApiClient,
    ConnectionFailed,
    InvalidGrant,
    IonApiClient,
    IonApiFile,
    MemoryTokenStore,
    Secret,
    TokenSet,
)
from ionport.ionapi.calls import Wait
from ionport.ionapi.tokens import auth, source
from tests.support.patience import PATIENCE, TooSlow, with_time_enough
from tests.unit.ionapi.loopback import Reply, SmallInfor, closed_port, credentials
from tests.unit.ionapi.receiving import until


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Grows by one with each caller that waits for what another one asked for."""
    found: list[None] = []

    def wait(request: Future[Any]) -> Wait:
        found.append(None)
        return Wait(request)

    monkeypatch.setattr(source, "Wait", wait)
    return found


def in_threads(number: int, work: Callable[[], Any]) -> list[Any]:
    """What `work` returned or raised in each of `number` threads that start together."""
    outcomes: list[Any] = []
    start = threading.Barrier(number)

    def run() -> None:
        start.wait()
        try:
            outcomes.append(work())
        except Exception as error:  # noqa: BLE001 the outcome is what is asked for
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return outcomes


def test_eight_threads_sign_on_once(infor: SmallInfor, file: IonApiFile) -> None:
    infor.before_token = lambda: time.sleep(0.2)
    with IonApiClient(file) as client:
        outcomes = in_threads(8, client.token)
    assert infor.logins == 1
    assert {tokens.access_token for tokens in outcomes} == {Secret("access-0001")}


def test_clients_of_one_credential_share_the_token_request(
    infor: SmallInfor, file: IonApiFile
) -> None:
    infor.before_token = lambda: time.sleep(0.2)
    store = MemoryTokenStore()

    def work() -> TokenSet:
        with IonApiClient(file, store=store) as client:
            return client.token()

    assert len(in_threads(8, work)) == 8
    assert infor.logins == 1


def test_eight_threads_with_a_dead_token_refresh_once(infor: SmallInfor, file: IonApiFile) -> None:
    infor.before_token = lambda: time.sleep(0.2)
    with IonApiClient(file) as client:
        client.token()
        infor.live.clear()
        outcomes = in_threads(8, client.messaging.ping)
    assert outcomes == [""] * 8
    assert (infor.logins, infor.refreshes) == (1, 1)


def test_eight_threads_with_a_wrong_secret_ask_once(
    infor: SmallInfor, file: IonApiFile, waiting: list[None]
) -> None:
    infor.before_token = lambda: until(lambda: len(waiting) == 7)
    infor.token_reply = Reply.json({"error": "invalid_grant"}, 400)
    with IonApiClient(file) as client:
        outcomes = in_threads(8, client.token)
    assert [type(outcome) for outcome in outcomes] == [InvalidGrant] * 8
    assert infor.logins == 1


def test_eight_tasks_sign_on_once(infor: SmallInfor, file: IonApiFile) -> None:
    infor.before_token = lambda: time.sleep(0.2)

    async def scenario() -> list[TokenSet]:
        async with AsyncIonApiClient(file) as client:
            return await asyncio.gather(*(client.token() for _ in range(8)))

    tokens = asyncio.run(scenario())
    assert infor.logins == 1
    assert len({each.access_token for each in tokens}) == 1


def test_threads_and_tasks_share_a_token_request(infor: SmallInfor, file: IonApiFile) -> None:
    infor.before_token = lambda: time.sleep(0.4)

    async def scenario() -> None:
        async with AsyncIonApiClient(file) as client:
            with IonApiClient(file) as other:
                await asyncio.gather(
                    *(client.token() for _ in range(4)),
                    *(asyncio.to_thread(other.token) for _ in range(4)),
                )

    asyncio.run(scenario())
    assert infor.logins == 1


def test_a_cancelled_task_hands_the_sign_on_over(
    infor: SmallInfor, file: IonApiFile, waiting: list[None]
) -> None:
    signing_on, over = threading.Event(), threading.Event()

    def hang_once() -> None:
        if not signing_on.is_set():
            signing_on.set()
            over.wait(PATIENCE)

    infor.before_token = hang_once

    async def scenario() -> TokenSet:
        async with AsyncIonApiClient(file) as client:
            first = asyncio.create_task(client.token())
            assert await asyncio.to_thread(signing_on.wait, PATIENCE)
            second = asyncio.create_task(client.token())
            await asyncio.to_thread(until, lambda: len(waiting) == 1)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            return await second

    assert asyncio.run(scenario()).access_token
    assert infor.logins == 1
    over.set()
    until(lambda: infor.logins == 2)


def test_a_cancelled_waiter_does_not_disturb_the_others(
    infor: SmallInfor, file: IonApiFile
) -> None:
    infor.before_token = lambda: time.sleep(0.3)

    async def scenario() -> list[TokenSet]:
        async with AsyncIonApiClient(file) as client:
            first = asyncio.create_task(client.token())
            await asyncio.sleep(0.05)
            waiters = [asyncio.create_task(client.token()) for _ in range(3)]
            await asyncio.sleep(0.05)
            waiters[0].cancel()
            return await asyncio.gather(first, *waiters[1:])

    assert len(asyncio.run(scenario())) == 3
    assert infor.logins == 1


def test_threads_that_wait_for_a_dead_host_fail_together(infor: SmallInfor) -> None:
    file = credentials(f"http://127.0.0.1:{closed_port()}")
    with IonApiClient(file) as client:
        outcomes = in_threads(4, client.token)
    assert {type(outcome) for outcome in outcomes} == {ConnectionFailed}
    assert not any(outcome.sent for outcome in outcomes)


def test_a_request_that_brings_the_refused_token_is_not_enough(
    infor: SmallInfor, file: IonApiFile
) -> None:
    """It began before the token was refused, and found the token alive in the store."""

    class Slow(MemoryTokenStore):
        pause = 0.0

        def load(self, key: str) -> TokenSet | None:
            tokens = super().load(key)
            time.sleep(self.pause)
            return tokens

    store = Slow()
    with IonApiClient(file, store=store) as early, IonApiClient(file, store=store) as late:
        late.token()
        infor.live.clear()
        store.pause = 0.4
        request = threading.Thread(target=early.token)
        request.start()
        time.sleep(0.1)
        assert late.messaging.ping() == ""
        request.join()
    assert (infor.logins, infor.refreshes) == (1, 1)


def test_a_login_that_hangs_elsewhere_is_waited_for_30_seconds_and_then_made_oneself(
    infor: SmallInfor, file: IonApiFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert auth.LONGEST_WAIT == 30

    def wait_for_it(seconds: float) -> None:
        monkeypatch.setattr(auth, "LONGEST_WAIT", seconds)
        hanging, released = threading.Event(), threading.Event()
        infor.logins = 0

        def hang_once() -> None:
            if not hanging.is_set():
                hanging.set()
                released.wait(PATIENCE)

        infor.before_token = hang_once
        outcomes: list[Any] = []
        with IonApiClient(file) as client:
            leader = threading.Thread(target=lambda: outcomes.append(client.token()))
            leader.start()
            assert hanging.wait(PATIENCE)
            others = in_threads(4, client.token)
            logins = infor.logins
            assert outcomes == []
            released.set()
            leader.join()
        assert [type(outcome) for outcome in (*others, *outcomes)] == [TokenSet] * 5
        if logins > 1:
            raise TooSlow("those who waited make one login together, unless it takes as long")

    with_time_enough(0.4, wait_for_it, longest=6)


def test_a_store_that_fails_stops_the_call_and_nothing_hangs(file: IonApiFile) -> None:
    class Broken(MemoryTokenStore):
        def load(self, key: str) -> TokenSet | None:
            raise RuntimeError("database is gone")

    with IonApiClient(file, store=Broken()) as client:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="gone"):
                client.token()


def test_a_slow_store_does_not_hold_up_the_event_loop(file: IonApiFile) -> None:
    loading, may_go_on = threading.Event(), threading.Event()

    class Slow(MemoryTokenStore):
        def load(self, key: str) -> TokenSet | None:
            loading.set()
            assert may_go_on.wait(PATIENCE), "the loop does nothing else meanwhile"
            return super().load(key)

    async def scenario() -> TokenSet:
        async with AsyncIonApiClient(file, store=Slow()) as client:
            task = asyncio.create_task(client.token())
            await asyncio.to_thread(loading.wait, PATIENCE)
            may_go_on.set()
            return await task

    assert asyncio.run(scenario()).access_token


def test_short_lived_tokens_are_shared_as_well(
    infor: SmallInfor, file: IonApiFile, waiting: list[None]
) -> None:
    infor.expires_in = 5
    infor.before_token = lambda: until(lambda: len(waiting) == 7)
    store = MemoryTokenStore()

    def work() -> TokenSet:
        with IonApiClient(file, store=store) as client:
            return client.token()

    assert len({tokens.access_token for tokens in in_threads(8, work)}) == 1
    assert infor.logins == 1
