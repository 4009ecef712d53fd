from __future__ import annotations

import asyncio
import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from ionport.asgi import health_app
from ionport.core.clock import MovableClock
from ionport.exports.engine.setup import build_engine
from ionport.migrations import newest_revision, upgrade
from ionport.observe.readiness import Look, Readiness
from ionport.store import Database, Work
from tests.support import databases
from tests.support.exporting import document_side
from tests.support.sides import PROMPT, until

pytestmark = pytest.mark.on_each_database

LIMIT = 0.3


def readiness(
    database: Database, folder: Path, clock: MovableClock, *, fresh: bool = False, **options: Any
) -> Readiness:
    kept = 0.0 if fresh else 60.0
    return Readiness(folder, database, clock, limit_seconds=LIMIT, kept_seconds=kept, **options)


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
        assert time.monotonic() - began > LIMIT * 0.9
        assert answer.status_code == 503
        assert answer.json()["parts"] == {"database": "no answer within 0.3 seconds"}
        # Who asks now is told at once: one look is under way, and one only.
        looks = [thread for thread in threading.enumerate() if thread.name == "readiness"]
        assert client.get("/readyz").status_code == 503
        again = [thread for thread in threading.enumerate() if thread.name == "readiness"]
        assert len(looks) == 1
        assert again == looks
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


def test_deliveries_that_show_no_life_are_not_ready(tmp_path: Path, clock: MovableClock) -> None:
    database = databases.with_schema("sqlite", tmp_path)
    ages: list[float | None] = [None, 29.0, 31.0]
    look = readiness(database, tmp_path, clock, fresh=True, sweep_age=lambda: ages[0])
    assert looked(look).parts["deliveries"] == "the engine has not looked into the ledger yet"
    del ages[0]
    client = TestClient(health_app(look))
    assert client.get("/readyz").json()["seconds_since_sweep"] == 29.0
    del ages[0]
    assert looked(look).parts == {
        "data_folder": "",
        "database": "",
        "deliveries": "the engine last looked 31 s ago",
    }
    database.close()


def test_the_engine_tells_how_long_ago_it_looked_through_the_ledger(
    database: Database, tmp_path: Path, clock: MovableClock
) -> None:
    side = document_side(database, tmp_path / "blobs", clock)
    engine = build_engine(database, side.runner(), clock, tmp_path, concurrency=1, options=PROMPT)
    assert engine.seconds_since_sweep is None
    engine.launch()
    try:
        assert until(lambda: engine.seconds_since_sweep is not None, 30)
    finally:
        engine.close()


def test_a_schema_that_another_process_has_upgraded_is_not_ready(
    database_url: str, tmp_path: Path, clock: MovableClock
) -> None:
    database = Database(database_url)
    upgrade(database)
    look = readiness(database, tmp_path, clock, fresh=True, schema=newest_revision())
    assert looked(look).is_ready
    with database.write() as work:
        work.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert looked(look).parts["schema"].startswith("the schema is 9999, this process knows ")
    database.close()


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
