from __future__ import annotations

import secrets
import threading

import pytest
from sqlalchemy import text

from ionport.connections.intake import prepare_connection
from ionport.connections.tokens import DatabaseTokenStore
from ionport.core.sealing import KeyRing
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.ionapi import Secret
from ionport.ionapi.tokens.grants import TokenSet
from ionport.store import Database
from ionport.store.locks import HeldName
from tests.unit.connections.conftest import ConnectionsSetup, credential


def tokens() -> TokenSet:
    return TokenSet(
        access_token=Secret(secrets.token_urlsafe(64)),
        expires_at=1_900_000_000.5,
        refresh_token=Secret(secrets.token_urlsafe(32)),
        scope="Infor-IDM",
    )


def store(
    setup: ConnectionsSetup, connection_id: str, keys: KeyRing | None = None
) -> DatabaseTokenStore:
    return DatabaseTokenStore(
        setup.database, keys or setup.keys, setup.clock, setup.scope, connection_id
    )


def connect(setup: ConnectionsSetup) -> str:
    with setup.database.write() as work:
        return setup.connections.upload(
            Access(work, setup.scope, Actor.operator()),
            "x.ionapi",
            prepare_connection(credential()),
        ).id


@pytest.mark.on_each_database
def test_tokens_come_back_as_they_were_saved_in_another_process_too(setup: ConnectionsSetup):
    connection_id, kept = connect(setup), tokens()
    store(setup, connection_id).save("key", kept)
    assert store(setup, connection_id).load("key") == kept
    newer = TokenSet(access_token=Secret("A" * 40), expires_at=1.0)
    store(setup, connection_id).save("key", newer)
    assert store(setup, connection_id).load("key") == newer


def test_tokens_are_sealed_in_the_database(setup: ConnectionsSetup):
    connection_id, kept = connect(setup), tokens()
    store(setup, connection_id).save("key", kept)
    with setup.database.read() as work:
        stored = str(work.connection.execute(text("select * from connection_tokens")).all())
    assert kept.access_token.reveal() not in stored
    assert kept.refresh_token is not None
    assert kept.refresh_token.reveal() not in stored


def test_tokens_of_one_connection_are_not_those_of_another(setup: ConnectionsSetup):
    first, second = connect(setup), connect(setup)
    store(setup, first).save("key", tokens())
    assert store(setup, second).load("key") is None


def test_forgotten_tokens_are_gone(setup: ConnectionsSetup):
    connection_id = connect(setup)
    store(setup, connection_id).save("key", tokens())
    store(setup, connection_id).delete("key")
    store(setup, connection_id).delete("key")
    assert store(setup, connection_id).load("key") is None


def test_tokens_that_do_not_open_any_more_cost_a_sign_on_and_no_error(setup: ConnectionsSetup):
    connection_id = connect(setup)
    store(setup, connection_id, KeyRing.generate()).save("key", tokens())
    assert store(setup, connection_id).load("key") is None


@pytest.mark.on_each_database
def test_tokens_for_a_deleted_connection_are_not_kept(setup: ConnectionsSetup):
    connection_id = connect(setup)
    with setup.database.write() as work:
        setup.connections.delete(Access(work, setup.scope, Actor.operator()), connection_id)
    store(setup, connection_id).save("key", tokens())
    assert store(setup, connection_id).load("key") is None


@pytest.mark.on_each_database
def test_many_threads_may_save_at_once(setup: ConnectionsSetup):
    connection_id = connect(setup)
    problems: list[Exception] = []

    def save() -> None:
        try:
            for _ in range(5):
                store(setup, connection_id).save("key", tokens())
        except Exception as error:  # noqa: BLE001 (told by the test)
            problems.append(error)

    threads = [threading.Thread(target=save) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert store(setup, connection_id).load("key") is not None


@pytest.mark.on_each_database
def test_the_right_of_a_worker_that_ended_goes_with_its_connection(setup: ConnectionsSetup):
    gone = Database(setup.database.url)
    held = HeldName(gone, "token renewal")
    held.acquire(1)
    if held._connection is not None:
        held._connection.detach()
        held._connection.close()
    gone.close()
    again = HeldName(setup.database, "token renewal")
    again.acquire(30)
    assert (again._connection is not None) is not setup.database.is_sqlite
    again.release()
    again.release()
