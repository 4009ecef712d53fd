"""Every adapter of the port `SharedTokenStore` keeps the same promises: files, and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ionport.connections.intake import prepare_connection
from ionport.connections.tokens import DatabaseTokenStore
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.ionapi import FileTokenStore, Secret, SharedTokenStore, TokenSet
from ionport.store import Database
from tests.support.patience import PATIENCE
from tests.unit.connections.conftest import ConnectionsSetup, credential, setup

__all__ = ["setup"]  # a fixture

pytestmark = pytest.mark.on_each_database
KEY = "the credential"
NewStore = Callable[[], SharedTokenStore]


def _tokens(access: str, expires_at: float = 1_900_000_000.5) -> TokenSet:
    return TokenSet(Secret(access), expires_at, Secret("refresh"), scope="Infor-IDM")


@pytest.fixture
def new_store(setup: ConnectionsSetup, tmp_path: Path) -> Iterator[NewStore]:
    """Makes stores that share nothing in memory, as those of different processes."""
    if setup.database.is_sqlite:
        yield lambda: FileTokenStore(tmp_path / "tokens")
        return
    with setup.database.write() as work:
        access = Access(work, setup.scope, Actor.operator())
        prepared = prepare_connection(credential())
        connection_id = setup.connections.upload(access, "x.ionapi", prepared).id
    with ExitStack() as opened:

        def made() -> DatabaseTokenStore:
            database = opened.enter_context(closing(Database(setup.database.url)))
            return DatabaseTokenStore(database, setup.keys, setup.clock, setup.scope, connection_id)

        yield made


def test_what_one_saves_the_others_load(new_store: NewStore) -> None:
    first, second = new_store(), new_store()
    assert second.load(KEY) is None
    first.save(KEY, _tokens("a"))
    assert second.load(KEY) == _tokens("a")
    second.save(KEY, _tokens("b", 1.0))
    assert first.load(KEY) == _tokens("b", 1.0)
    assert first.load("another") is None
    first.delete(KEY)
    first.delete(KEY)
    assert second.load(KEY) is None


def test_one_at_a_time_has_the_right_to_renew(new_store: NewStore) -> None:
    """Each asks for tokens only where none are there: so the first one alone does."""
    asked: list[int] = []
    start = threading.Barrier(4)

    def work(number: int, store: SharedTokenStore) -> None:
        start.wait(PATIENCE)
        right = store.renewal(KEY)
        right.acquire()
        try:
            if store.load(KEY) is None:
                right.begin_request()
                asked.append(number)
                store.save(KEY, _tokens("a"))
        finally:
            right.release()

    threads = [threading.Thread(target=work, args=(n, new_store())) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(asked) == 1


def test_rights_of_different_keys_are_independent(new_store: NewStore) -> None:
    first, second = new_store().renewal(KEY), new_store().renewal("another")
    first.acquire()
    done = threading.Thread(target=second.acquire)
    done.start()
    done.join(PATIENCE)
    assert not done.is_alive()
    first.release()
    second.release()


def test_what_was_released_before_it_was_there_is_not_held(new_store: NewStore) -> None:
    holder, given_up = new_store().renewal(KEY), new_store().renewal(KEY)
    holder.acquire()
    waiting = threading.Thread(target=given_up.acquire)
    waiting.start()
    given_up.release()
    waiting.join(PATIENCE)
    holder.release()
    holder.release()
    next_one = new_store().renewal(KEY)
    acquired = threading.Thread(target=next_one.acquire)
    acquired.start()
    acquired.join(PATIENCE)
    assert not waiting.is_alive()
    assert not acquired.is_alive()
    next_one.asked_to_wait(0.0)
    next_one.release()
