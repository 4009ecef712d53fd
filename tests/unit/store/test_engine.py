from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, MetaData, Table, Text, func, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from ionport.store import Database, sqlite_url, with_limits
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.on_each_database

_LETTERS = Table("letters", MetaData(), Column("id", Text, primary_key=True))


@pytest.fixture
def letters(database: Database) -> Iterator[Database]:
    with database.write() as work:
        _LETTERS.create(work.connection)
    yield database
    with database.write() as work:
        _LETTERS.drop(work.connection)


def _count(database: Database) -> int:
    with database.read() as work:
        return work.connection.execute(select(func.count()).select_from(_LETTERS)).scalar_one()


def test_a_failed_block_leaves_nothing_and_runs_no_after_commit(letters: Database) -> None:
    ran: list[str] = []

    def fail() -> None:
        with letters.write() as work:
            work.connection.execute(insert(_LETTERS).values(id="a"))
            work.after_commit(lambda: ran.append("ran"))
            raise KeyError("stop")

    with pytest.raises(KeyError):
        fail()
    assert _count(letters) == 0
    assert ran == []


def test_after_commit_sees_the_committed_rows(letters: Database) -> None:
    seen: list[int] = []
    with letters.write() as work:
        work.connection.execute(insert(_LETTERS).values(id="a"))
        work.after_commit(lambda: seen.append(_count(letters)))
    assert seen == [1]


def test_many_writers_at_once_lose_no_row(letters: Database) -> None:
    def write(name: str) -> None:
        for number in range(20):
            with letters.write() as work:
                work.connection.execute(insert(_LETTERS).values(id=f"{name}{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _count(letters) == 160


def test_a_single_statement_is_committed_once_it_has_run(letters: Database) -> None:
    with letters.write_once() as work:
        work.connection.execute(insert(_LETTERS).values(id="a"))
        assert _count(letters) == 1
    with pytest.raises(IntegrityError), letters.write_once() as work:
        work.connection.execute(insert(_LETTERS).values(id="a"))
    assert _count(letters) == 1


def test_transactions_after_a_single_statement_are_transactions_still(letters: Database) -> None:
    with letters.write_once() as work:
        work.connection.execute(insert(_LETTERS).values(id="a"))
    with pytest.raises(IntegrityError), letters.write() as work:
        work.connection.execute(insert(_LETTERS), [{"id": "b"}, {"id": "a"}])
    assert _count(letters) == 1


def test_a_read_sees_one_state_of_the_database(letters: Database) -> None:
    with letters.read() as work:
        before = work.connection.execute(select(func.count()).select_from(_LETTERS)).scalar_one()
        with letters.write() as other:
            other.connection.execute(insert(_LETTERS).values(id="a"))
        after = work.connection.execute(select(func.count()).select_from(_LETTERS)).scalar_one()
    assert (before, after) == (0, 0)
    assert _count(letters) == 1


def test_a_read_refuses_to_write_and_the_next_write_does_not(letters: Database) -> None:
    for _again in range(3):
        with pytest.raises(SQLAlchemyError), letters.read() as work:
            work.connection.execute(insert(_LETTERS).values(id="a"))
        assert _count(letters) == 0
    with letters.write() as work:
        work.connection.execute(insert(_LETTERS).values(id="a"))
    with letters.write_once() as work:
        work.connection.execute(insert(_LETTERS).values(id="b"))
    assert _count(letters) == 2


def test_a_read_that_breaks_off_leaves_its_connection_for_a_fresh_view(letters: Database) -> None:
    def break_off() -> None:
        with letters.read() as work:
            work.connection.execute(select(_LETTERS)).all()
            raise KeyError("stop")

    with pytest.raises(KeyError):
        break_off()
    with letters.write() as work:
        work.connection.execute(insert(_LETTERS).values(id="a"))
    assert _count(letters) == 1


def test_readers_without_end_leave_a_writer_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ionport.store.engine._POOL_TIMEOUT_SECONDS", 0.05)
    database = Database(sqlite_url(tmp_path / "ionport.db"))
    with database.write() as work:
        _LETTERS.create(work.connection)
    with ExitStack() as readers:
        with suppress(PoolTimeout):
            while True:
                readers.enter_context(database.read())
        with database.write() as work:
            work.connection.execute(insert(_LETTERS).values(id="a"))
    assert _count(database) == 1
    database.close()


def test_every_writer_that_waits_gets_its_turn_while_another_holds_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many as a server has threads: none is told that there is no connection for it.
    monkeypatch.setattr("ionport.store.engine._POOL_TIMEOUT_SECONDS", 0.05)
    database = Database(sqlite_url(tmp_path / "ionport.db"), durable=False)
    with database.write() as work:
        _LETTERS.create(work.connection)

    asking = threading.Barrier(51)

    def write(number: int) -> None:
        asking.wait(PATIENCE)
        with database.write() as work:
            work.connection.execute(insert(_LETTERS).values(id=str(number)))

    connections = database.engine.pool
    assert isinstance(connections, QueuePool)
    with ThreadPoolExecutor(50) as pool:
        with database.write():
            written = [pool.submit(write, number) for number in range(50)]
            asking.wait(PATIENCE)
        for each in written:
            each.result()
        # All have written over the same connection.
        assert connections.checkedout() + connections.checkedin() == 1
    assert _count(database) == 50
    database.close()


def test_more_readers_and_writers_than_connections_all_come_to_their_end(
    letters: Database,
) -> None:
    few = Database(letters.url, connections=3)
    asking = threading.Barrier(16)

    def read(_number: int) -> list[int]:
        asking.wait(PATIENCE)
        return [_count(few) for _turn in range(20)]

    def write(number: int) -> None:
        asking.wait(PATIENCE)
        for turn in range(10):
            with few.write() if turn % 2 else few.write_once() as work:
                work.connection.execute(insert(_LETTERS).values(id=f"{number}.{turn}"))

    with ThreadPoolExecutor(16) as pool:
        seen = [pool.submit(read, number) for number in range(8)]
        written = [pool.submit(write, number) for number in range(8)]
        for each in written:
            each.result()
        assert all(each.result() == sorted(each.result()) for each in seen)
    assert _count(few) == 80
    few.close()


def test_a_writer_that_failed_leaves_the_next_one_no_transaction(letters: Database) -> None:
    for begin in (letters.write, letters.write_once):
        with pytest.raises(IntegrityError), begin() as work:
            work.connection.execute(insert(_LETTERS).values([{"id": "a"}, {"id": "a"}]))
        with begin() as work:
            work.connection.execute(insert(_LETTERS).values(id=begin.__name__))
    assert _count(letters) == 2


def test_each_action_after_a_commit_runs_though_another_fails(
    letters: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise KeyError("stop")

    for opened in (letters.write, letters.write_once):
        with opened() as work:
            for action in (fail, lambda: ran.append("ran"), fail):
                work.after_commit(action)
    assert ran == ["ran", "ran"]
    told = [record for record in caplog.records if record.exc_info]
    assert len(told) == 4
    assert "fail" in told[0].getMessage()


def test_a_commit_that_fails_leaves_the_next_writer_a_free_database(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "ionport.db"))
    parents = Table("parents", MetaData(), Column("id", Text, primary_key=True))
    children = Table(
        "children",
        parents.metadata,
        Column("of", ForeignKey("parents.id", deferrable=True, initially="DEFERRED")),
    )
    with database.write() as work:
        parents.metadata.create_all(work.connection)
    # The database refuses at the commit, and keeps the transaction open.
    for _again in range(2):
        with pytest.raises(IntegrityError), database.write() as work:
            work.connection.execute(insert(children).values(of="nobody"))
    with database.write() as work:
        work.connection.execute(insert(parents).values(id="a"))
        assert work.connection.execute(select(children)).all() == []
    database.close()


def test_commits_stay_though_another_process_closes_the_database(tmp_path: Path) -> None:
    path = tmp_path / "ionport.db"

    def count_elsewhere() -> str:
        query = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        query += "print(c.execute('SELECT count(*) FROM letters').fetchone()[0]); c.close()"
        command = [sys.executable, "-c", query, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    database = Database(sqlite_url(path))
    with database.write() as work:
        _LETTERS.create(work.connection)
    # Readers and writers have connections of their own: the second one is opened here.
    assert _count(database) == 0
    for number in (1, 2):
        with database.write() as work:
            work.connection.execute(insert(_LETTERS).values(id=str(number)))
        assert count_elsewhere() == str(number)
    database.close()


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_who_is_stopped_in_a_transaction_keeps_its_locks_for_seconds_only(
    database: Database,
) -> None:
    for opened in (database.read, database.write):
        with opened() as work:
            limits = {
                name: work.connection.exec_driver_sql(f"SHOW {name}").scalar_one()
                for name in ("lock_timeout", "idle_in_transaction_session_timeout")
            }
            assert limits == {
                "lock_timeout": "15s",
                "idle_in_transaction_session_timeout": "30s",
            }


def test_what_an_address_says_about_lost_servers_counts() -> None:
    assert "tcp_user_timeout=30000" in with_limits("postgresql+psycopg://u:p@h/d")
    assert "connect_timeout=3" in with_limits("postgresql+psycopg://u:p@h/d?connect_timeout=3")
