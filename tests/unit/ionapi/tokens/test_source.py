"""Tokens are asked for once, renewed in time, and never shown."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from ionport.ionapi import (
    AsyncIonApiClient,
    InvalidClient,
    InvalidGrant,
    IonApiClient,
    IonApiFile,
    MemoryTokenStore,
    Secret,
    TokenError,
    TokenSet,
)
from tests.unit.ionapi.loopback import (
    Loopback,
    Reply,
    SmallInfor,
    credentials,
)

BASIC = "Basic QUNNRV9UU1R+Y2NjY2"  # base64 of ACME_TST~cccc…


class Clock:
    def __init__(self) -> None:
        self.now = 1_770_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (7200, 7200),
        ("7200", 7200),
        (3599.5, 3599.5),
        ("1e3", 1000),
        (None, 3600),
        ("soon", 3600),
        (-5, 3600),
        ("nan", 3600),
        (True, 3600),
        ([], 3600),
        (1e300, 366 * 86400),
    ],
)
def test_the_lifetime_may_be_a_number_or_a_text(
    infor: SmallInfor, file: IonApiFile, clock: Clock, expires_in: Any, seconds: float
) -> None:
    infor.expires_in = expires_in
    with IonApiClient(file, clock=clock) as client:
        assert client.token().expires_at - clock.now == pytest.approx(seconds)


def test_a_token_is_used_until_a_minute_before_its_end(
    infor: SmallInfor, file: IonApiFile, clock: Clock
) -> None:
    with IonApiClient(file, clock=clock) as client:
        client.messaging.ping()
        clock.now += 7200 - 61
        client.messaging.ping()
        assert (infor.logins, infor.refreshes) == (1, 0)
        clock.now += 2
        client.messaging.ping()
    assert (infor.logins, infor.refreshes) == (1, 1)


@pytest.mark.parametrize("rotate", [False, True])
def test_refreshing_goes_on_whether_the_refresh_token_rotates_or_not(
    infor: SmallInfor, file: IonApiFile, clock: Clock, rotate: bool
) -> None:
    infor.rotate = rotate
    with IonApiClient(file, clock=clock) as client:
        seen = [client.token()]
        for _ in range(4):
            clock.now += 7200
            seen.append(client.token())
    assert (infor.logins, infor.refreshes) == (1, 4)
    assert len({tokens.access_token for tokens in seen}) == 5
    assert len({tokens.refresh_token for tokens in seen}) == (5 if rotate else 1)


def test_a_refresh_answer_without_refresh_token_keeps_the_old_one(
    infor: SmallInfor, file: IonApiFile, clock: Clock
) -> None:
    with IonApiClient(file, clock=clock) as client:
        client.token()
        infor.token_reply = Reply.json({"access_token": "access-x", "expires_in": 60})
        clock.now += 7200
        assert client.token().refresh_token == Secret("refresh-0001")


@pytest.mark.parametrize(
    "error", ["invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_request"]
)
def test_a_dead_refresh_token_leads_to_one_new_login(
    server: Loopback, infor: SmallInfor, file: IonApiFile, clock: Clock, error: str
) -> None:
    with IonApiClient(file, clock=clock) as client:
        client.token()

        def refuse_refreshes() -> None:
            refreshing = server.received[-1].form["grant_type"] == "refresh_token"
            infor.token_reply = Reply.json({"error": error}, 400) if refreshing else None

        infor.before_token = refuse_refreshes
        clock.now += 7200
        assert client.token().access_token == Secret("access-0002")
    assert (infor.logins, infor.refreshes) == (2, 1)


def test_without_refresh_token_a_new_login_follows(
    infor: SmallInfor, file: IonApiFile, clock: Clock
) -> None:
    infor.refresh_tokens = False
    with IonApiClient(file, clock=clock) as client:
        client.token()
        clock.now += 7200
        client.token()
    assert (infor.logins, infor.refreshes) == (2, 0)


def test_a_store_carries_tokens_from_client_to_client(
    infor: SmallInfor, file: IonApiFile, clock: Clock
) -> None:
    store = MemoryTokenStore()
    for _ in range(3):
        with IonApiClient(file, store=store, clock=clock) as client:
            client.messaging.ping()
    assert infor.logins == 1
    kept = store.load(file.fingerprint)
    assert kept is not None
    assert kept.access_token == Secret("access-0001")


def test_a_token_that_another_process_renewed_is_taken_from_the_store(
    infor: SmallInfor, file: IonApiFile
) -> None:
    store = MemoryTokenStore()
    with IonApiClient(file, store=store) as client:
        client.token()
        infor.live = {"renewed"}
        store.save(file.fingerprint, TokenSet(Secret("renewed"), time.time() + 7200))
        client.messaging.ping()
    assert (infor.logins, infor.refreshes) == (1, 0)


def test_another_secret_does_not_find_the_tokens_of_the_right_one(
    server: Loopback, infor: SmallInfor
) -> None:
    store = MemoryTokenStore()
    with IonApiClient(credentials(server.url), store=store) as client:
        client.token()
    infor.token_reply = Reply.json({"error": "invalid_grant"}, 400)
    wrong = credentials(server.url, sask=Secret("Q" * 86))
    with IonApiClient(wrong, store=store) as client, pytest.raises(InvalidGrant):
        client.token()


def test_tokens_of_a_credential_that_is_refused_are_forgotten(
    infor: SmallInfor, file: IonApiFile, clock: Clock
) -> None:
    store = MemoryTokenStore()
    with IonApiClient(file, store=store, clock=clock) as client:
        client.token()
        clock.now += 7200
        infor.token_reply = Reply.json({"error": "invalid_client"}, 401)
        with pytest.raises(InvalidClient):
            client.token()
        assert infor.refreshes == 1
        assert infor.logins == 1
    assert store.load(file.fingerprint) is None


def test_a_broken_server_does_not_make_tokens_forgotten(
    infor: SmallInfor, file: IonApiFile, clock: Clock
) -> None:
    store = MemoryTokenStore()
    with IonApiClient(file, store=store, clock=clock) as client:
        client.token()
        clock.now += 7200
        infor.token_reply = Reply.json({}, 503)
        with pytest.raises(TokenError):
            client.token()
    assert store.load(file.fingerprint) is not None


def test_revoking_kills_the_grant_and_forgets_it(
    server: Loopback, infor: SmallInfor, file: IonApiFile
) -> None:
    store = MemoryTokenStore()
    with IonApiClient(file, store=store) as client:
        client.token()
        client.revoke()
        assert store.load(file.fingerprint) is None
        request = server.received[-1]
        assert request.path.endswith("/revoke_token.oauth2")
        assert request.form == {"token": "refresh-0001", "token_type_hint": "refresh_token"}
        assert request.headers["authorization"].startswith(BASIC)
        client.messaging.ping()
    assert infor.logins == 2


def test_revoking_needs_an_address_and_without_tokens_does_nothing(
    server: Loopback, infor: SmallInfor
) -> None:
    infor.refresh_tokens = False

    async def scenario() -> None:
        async with AsyncIonApiClient(credentials(server.url)) as client:
            await client.revoke()
            assert server.received == []
            await client.token()
            await client.revoke()
            assert server.received[-1].form["token_type_hint"] == "access_token"

    asyncio.run(scenario())
    with IonApiClient(credentials(server.url, or_=None)) as client:
        client.token()
        with pytest.raises(TokenError, match="revocation address"):
            client.revoke()


def test_a_refused_revocation_keeps_the_tokens(server: Loopback, infor: SmallInfor) -> None:
    file = credentials(server.url, or_="token.oauth2")
    store = MemoryTokenStore()
    with IonApiClient(file, store=store) as client:
        client.token()
        server.answering = lambda _: Reply.json({"error": "invalid_client"}, 401)
        with pytest.raises(InvalidClient):
            client.revoke()
    assert store.load(file.fingerprint) is not None


def test_tokens_do_not_print() -> None:
    tokens = TokenSet(Secret("access-secret"), 5.0, Secret("refresh-secret"))
    assert "secret" not in f"{tokens}{tokens!r}".lower().replace("secret(", "")


def test_a_token_that_lives_for_seconds_is_used_more_than_once(
    infor: SmallInfor, file: IonApiFile, clock: Clock
) -> None:
    infor.expires_in = 10
    with IonApiClient(file, clock=clock) as client:
        client.messaging.ping()
        clock.now += 4
        client.messaging.ping()
        assert infor.refreshes == 0
        clock.now += 2
        client.messaging.ping()
    assert (infor.logins, infor.refreshes) == (1, 1)


def test_asyncio_refreshes_on_demand(infor: SmallInfor, file: IonApiFile) -> None:
    async def scenario() -> TokenSet:
        async with AsyncIonApiClient(file) as client:
            tokens = await client.refresh(await client.token())
            with pytest.raises(TokenError, match="no refresh token"):
                await client.refresh(TokenSet(Secret("x"), 0.0))
            return tokens

    assert asyncio.run(scenario()).access_token == Secret("access-0002")
    assert (infor.logins, infor.refreshes) == (1, 1)
