from __future__ import annotations

import secrets
import threading

from sqlalchemy import text

from ionport.connections.intake import prepare_connection
from ionport.connections.tokens import DatabaseTokenStore
from ionport.core.sealing import KeyRing
from ionport.identity.model import Actor
from ionport.ionapi import Secret
from ionport.ionapi.tokens.grants import TokenSet
from tests.unit.connections.conftest import House, credential


def tokens() -> TokenSet:
    return TokenSet(
        access_token=Secret(secrets.token_urlsafe(64)),
        expires_at=1_900_000_000.5,
        refresh_token=Secret(secrets.token_urlsafe(32)),
        scope="Infor-IDM",
    )


def store(house: House, connection_id: str, keys: KeyRing | None = None) -> DatabaseTokenStore:
    return DatabaseTokenStore(
        house.database, keys or house.keys, house.clock, house.scope, connection_id
    )


def connect(house: House) -> str:
    with house.database.write() as work:
        return house.connections.upload(
            work, house.scope, Actor.operator(), "x.ionapi", prepare_connection(credential())
        ).id


def test_tokens_come_back_as_they_were_saved_in_another_process_too(house: House):
    connection_id, kept = connect(house), tokens()
    store(house, connection_id).save("key", kept)
    assert store(house, connection_id).load("key") == kept
    newer = TokenSet(access_token=Secret("A" * 40), expires_at=1.0)
    store(house, connection_id).save("key", newer)
    assert store(house, connection_id).load("key") == newer


def test_tokens_are_sealed_in_the_database(house: House):
    connection_id, kept = connect(house), tokens()
    store(house, connection_id).save("key", kept)
    with house.database.read() as work:
        stored = str(work.connection.execute(text("select * from connection_tokens")).all())
    assert kept.access_token.reveal() not in stored
    assert kept.refresh_token is not None
    assert kept.refresh_token.reveal() not in stored


def test_tokens_of_one_connection_are_not_those_of_another(house: House):
    first, second = connect(house), connect(house)
    store(house, first).save("key", tokens())
    assert store(house, second).load("key") is None


def test_forgotten_tokens_are_gone(house: House):
    connection_id = connect(house)
    store(house, connection_id).save("key", tokens())
    store(house, connection_id).delete("key")
    store(house, connection_id).delete("key")
    assert store(house, connection_id).load("key") is None


def test_tokens_that_do_not_open_any_more_cost_a_sign_on_and_no_error(house: House):
    connection_id = connect(house)
    store(house, connection_id, KeyRing.generate()).save("key", tokens())
    assert store(house, connection_id).load("key") is None


def test_tokens_for_a_deleted_connection_are_not_kept(house: House):
    connection_id = connect(house)
    with house.database.write() as work:
        house.connections.delete(work, house.scope, Actor.operator(), connection_id)
    store(house, connection_id).save("key", tokens())
    assert store(house, connection_id).load("key") is None


def test_many_threads_may_save_at_once(house: House):
    connection_id = connect(house)
    problems: list[Exception] = []

    def save() -> None:
        try:
            for _ in range(5):
                store(house, connection_id).save("key", tokens())
        except Exception as error:  # noqa: BLE001 (told by the test)
            problems.append(error)

    threads = [threading.Thread(target=save) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert store(house, connection_id).load("key") is not None
