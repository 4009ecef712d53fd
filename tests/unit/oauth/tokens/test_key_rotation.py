from __future__ import annotations

from datetime import timedelta

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Unauthenticated
from ionport.oauth.apps.drafts import MAX_ACCESS_TOKEN_SECONDS
from ionport.oauth.tokens.access_tokens import AccessTokens
from ionport.oauth.tokens.keys.signing import SigningKeys
from ionport.store import Database, SystemScope
from tests.support.oauth import TENANT, OAuthSide

SYSTEM = SystemScope("test")


class Ticks:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def rotate(side: OAuthSide) -> str:
    with side.database.write() as work:
        return side.keys.rotate(work.within(SYSTEM))


def drop_retired(side: OAuthSide) -> int:
    with side.database.write() as work:
        return side.keys.drop_retired(work.within(SYSTEM))


def key_ids(side: OAuthSide) -> set[str]:
    return {key["kid"] for key in side.keys.public_set()["keys"]}


def test_after_a_rotation_the_new_key_signs_and_the_old_one_verifies(side: OAuthSide) -> None:
    file = side.credentials(side.create_app())
    old_id, old = side.keys.current().kid, side.log_in(file)["access_token"]
    new_id = rotate(side)
    new = side.log_in(file)["access_token"]
    assert side.keys.current().kid == new_id != old_id
    assert key_ids(side) == {old_id, new_id}
    assert side.verifier.verify(old, TENANT).token_id != side.verifier.verify(new, TENANT).token_id


@pytest.mark.on_each_database
def test_a_retired_key_goes_once_its_last_token_is_over_and_not_before(
    side: OAuthSide, clock: MovableClock
) -> None:
    file = side.credentials(side.create_app(access_token_seconds=MAX_ACCESS_TOKEN_SECONDS))
    token, old_id = side.log_in(file)["access_token"], side.keys.current().kid
    new_id = rotate(side)
    clock.advance(timedelta(seconds=MAX_ACCESS_TOKEN_SECONDS - 1))
    assert drop_retired(side) == 0
    side.verifier.verify(token, TENANT)
    clock.advance(timedelta(minutes=11))
    assert drop_retired(side) == 1
    assert key_ids(side) == {new_id}
    with pytest.raises(Unauthenticated) as caught:
        side.verifier.verify(token, TENANT)
    assert caught.value.code == "token_unknown_key"
    assert old_id != new_id


def test_the_current_key_is_never_dropped(side: OAuthSide, clock: MovableClock) -> None:
    clock.advance(timedelta(days=4000))
    assert drop_retired(side) == 0
    assert side.keys.current()


@pytest.mark.on_each_database
def test_another_process_takes_a_new_keys_token_at_once_and_signs_with_it_in_a_minute(
    side: OAuthSide, database: Database, clock: MovableClock
) -> None:
    ticks = Ticks()
    theirs = SigningKeys(side.key_ring, clock, ticks)
    theirs.ensure(database)
    old_id, new_id = theirs.current().kid, rotate(side)
    file = side.credentials(side.create_app())
    token = side.log_in(file)["access_token"]
    ticks.seconds = 3.0
    assert AccessTokens(clock, side.endpoints, theirs).read(token, TENANT)
    assert old_id != new_id
    ticks.seconds = 64.0
    assert theirs.current().kid == new_id


def test_unknown_key_ids_do_not_make_the_server_read_its_database_each_time(
    side: OAuthSide, database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = Ticks()
    keys = SigningKeys(side.key_ring, clock, ticks)
    keys.ensure(database)
    ticks.seconds = 10.0
    reads: list[int] = []
    read = database.read
    monkeypatch.setattr(database, "read", lambda: reads.append(1) or read())
    for number in range(50):
        assert keys.find(f"kg:{number}") is None
    assert len(reads) == 1
