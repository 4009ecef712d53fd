from __future__ import annotations

import asyncio
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text, update
from starlette.testclient import TestClient

from ionport.asgi import health_app
from ionport.core.clock import MovableClock
from ionport.exports.tables import export_workers
from ionport.readiness import Look, Readiness
from ionport.store import Database, Work
from tests.support import databases
from tests.support.sides import until

LIMIT = 0.3


def readiness(database: Database, folder: Path, clock: MovableClock, **options: bool) -> Readiness:
    runs_deliveries = options.get("runs_deliveries", False)
    return Readiness(
        folder,
        database,
        clock,
        runs_deliveries=runs_deliveries,
        limit_seconds=LIMIT,
        kept_seconds=0.0 if options.get("fresh") else 60.0,
    )


def looked(readiness: Readiness) -> Look:
    return asyncio.run(readiness.look())


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another process holds what a write needs."""
    other = Database(database.url)
    with other.write() as work:
        if not database.is_sqlite:
            work.connection.execute(text("LOCK TABLE readiness"))
        yield
    other.close()


def test_a_process_that_can_work_is_ready(
    database: Database, tmp_path: Path, clock: MovableClock
) -> None:
    client = TestClient(health_app(readiness(database, tmp_path, clock)))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "parts": {"data_folder": "ok", "database": "ok"},
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/healthz").text == "ok\n"
    assert [path.name for path in tmp_path.iterdir() if "probe" in path.name] == []


def test_a_locked_database_is_not_ready_in_a_bounded_time_and_alive_all_the_while(
    database: Database, tmp_path: Path, clock: MovableClock
) -> None:
    client = TestClient(health_app(readiness(database, tmp_path, clock, fresh=True)))
    with locked(database):
        began = time.monotonic()
        answer = client.get("/readyz")
        assert LIMIT * 0.9 < time.monotonic() - began < LIMIT + 5
        assert answer.status_code == 503
        assert answer.json()["parts"] == {"database": "no answer within 0.3 seconds"}
        # Who asks now is told at once: one look is under way, and one only.
        began = time.monotonic()
        assert client.get("/readyz").status_code == 503
        assert time.monotonic() - began < LIMIT * 0.9
        assert client.get("/healthz").status_code == 200
    assert until(lambda: client.get("/readyz").status_code == 200)


def test_a_full_disk_is_not_ready_and_says_so(tmp_path: Path, clock: MovableClock) -> None:
    database = databases.with_schema("sqlite", tmp_path)
    look = readiness(database, tmp_path, clock, fresh=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        found = looked(look)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not found.is_ready
    assert found.parts["data_folder"] == os.strerror(27)
    assert found.parts["database"] in ("database or disk is full", "disk I/O error")
    assert looked(look).is_ready
    database.close()


def test_deliveries_that_show_no_life_are_not_ready(
    database: Database, tmp_path: Path, clock: MovableClock
) -> None:
    look = readiness(database, tmp_path, clock, fresh=True, runs_deliveries=True)
    assert looked(look).parts["deliveries"] == "the engine has not shown itself"
    with database.write() as work:
        values = {"host": socket.gethostname(), "started_at": clock.now(), "seen_at": clock.now()}
        rows = [
            {"id": "mine", "process": os.getpid(), **values},
            {"id": "another", "process": os.getpid() + 1, **values},
        ]
        work.connection.execute(insert(export_workers), rows)
    assert looked(look).is_ready
    clock.advance(timedelta(seconds=31))
    with database.write() as work:
        other = export_workers.c.id == "another"
        work.connection.execute(update(export_workers).where(other).values(seen_at=clock.now()))
    assert looked(look).parts == {
        "data_folder": "",
        "database": "",
        "deliveries": "the engine was seen 31 s ago",
    }


def test_many_who_ask_cost_one_row(tmp_path: Path, clock: MovableClock) -> None:
    class Counting(Database):
        writes = 0

        def write(self) -> AbstractContextManager[Work]:
            self.writes += 1
            return super().write()

    databases.with_schema("sqlite", tmp_path).close()
    database = Counting(f"sqlite:///{tmp_path / 'ionport.db'}")
    look = readiness(database, tmp_path, clock)

    async def ask_often() -> list[Look]:
        return await asyncio.gather(*(look.look() for _ in range(200)))

    for _again in range(3):
        assert all(found.is_ready for found in asyncio.run(ask_often()))
    assert database.writes == 1
    database.close()


def test_a_reason_tells_strangers_nothing_of_the_network(
    tmp_path: Path, clock: MovableClock
) -> None:
    database = Database("postgresql+psycopg://someone:secret@127.0.0.1:1/there")
    found = looked(readiness(database, tmp_path, clock))
    assert found.parts["database"] == "it cannot be reached"
    database.close()


@pytest.mark.parametrize("gone", [True, False])
def test_who_goes_away_takes_nobodys_answer_along(
    database: Database, tmp_path: Path, clock: MovableClock, *, gone: bool
) -> None:
    look = readiness(database, tmp_path, clock)

    async def ask() -> Look:
        first = asyncio.ensure_future(look.look())
        await asyncio.sleep(0)
        if gone:
            first.cancel()
        return await look.look()

    assert asyncio.run(ask()).is_ready
