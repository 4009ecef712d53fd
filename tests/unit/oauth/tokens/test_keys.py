from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from ionport.core.clock import MovableClock
from ionport.core.errors import Unavailable
from ionport.core.sealing import KeyRing
from ionport.oauth.tokens.keys.signing import SigningKeys, environment_stamp
from ionport.oauth.tokens.keys.tables import signing_keys
from ionport.store import Database
from tests.support.oauth import OAuthSide


def test_before_the_first_key_signing_is_unavailable(clock: MovableClock) -> None:
    with pytest.raises(Unavailable, match="no signing key yet"):
        SigningKeys(KeyRing.generate(), clock).current()


@pytest.mark.on_each_database
def test_the_key_survives_a_restart(database: Database, clock: MovableClock) -> None:
    ring = KeyRing.generate()
    first, second = SigningKeys(ring, clock), SigningKeys(ring, clock)
    first.ensure(database)
    second.ensure(database)
    assert first.current().kid == second.current().kid
    assert first.public_set() == second.public_set()


@pytest.mark.on_each_database
def test_two_processes_that_start_at_once_share_one_key(
    database: Database, clock: MovableClock
) -> None:
    ring = KeyRing.generate()
    both = [SigningKeys(ring, clock), SigningKeys(ring, clock)]
    threads = [threading.Thread(target=keys.ensure, args=(database,)) for keys in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as work:
        count = work.connection.execute(select(func.count()).select_from(signing_keys)).scalar_one()
    assert count == 1
    assert both[0].current().kid == both[1].current().kid


def test_without_its_key_ring_a_stolen_database_opens_nothing(side: OAuthSide) -> None:
    stranger = SigningKeys(KeyRing.generate(), side.clock)
    with pytest.raises(Unavailable, match="could not be opened"):
        stranger.ensure(side.database)


def test_the_public_set_has_no_private_part(side: OAuthSide) -> None:
    (key,) = side.keys.public_set()["keys"]
    assert set(key) == {"n", "e", "kid", "use", "alg", "kty"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert key["kid"] == side.keys.current().jwk.kid


def test_an_environment_stamp_is_v_and_unix_seconds(clock: MovableClock) -> None:
    assert environment_stamp(clock.now()) == f"V{int(clock.now().timestamp())}"
