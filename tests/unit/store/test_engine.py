from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Column, MetaData, Table, Text, func, insert, select
from sqlalchemy.exc import IntegrityError

from ionport.store import Database

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
