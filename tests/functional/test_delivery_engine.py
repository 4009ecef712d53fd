"""Deliveries run by the real engine against a real Infor side, on both databases."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ionport.core.clock import SystemClock
from ionport.core.errors import Unavailable
from ionport.core.paging import PageRequest
from ionport.exports.ledger_repository import WorkerRepository
from ionport.exports.model import DeliveryStatus, StepKind
from ionport.exports.repository import DeliveryRepository
from ionport.exports.workflow import DeliveryEngine, sqlite_system_url
from ionport.store import Database, SystemScope, TenantScope
from tests.support.export_worker import BRISK
from tests.support.exporting import OPERATOR, QUICK, DocumentSide, document_side
from tests.support.infor_side import TENANT, InforSide, infor_side_on
from tests.support.proxy import FaultyProxy

SCOPE = SystemScope("test")
ITEMS, PUBLISH = "/IDM/api/items", "/v2/multipartMessage"


@pytest.fixture(scope="module")
def infor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("infor"))


@pytest.fixture(scope="module")
def credentials(infor: InforSide) -> dict[str, str]:
    return infor.credentials(name="DocBits engine")


@dataclass(slots=True)
class Place:
    """A document side with an active configuration, and where its engine keeps its state."""

    side: DocumentSide
    infor: InforSide
    proxy: FaultyProxy
    system_url: str

    def engine(self, **options: object) -> DeliveryEngine:
        engine = DeliveryEngine(
            self.side.database,
            self.system_url,
            self.side.runner(QUICK),
            self.side.clock,
            concurrency=4,
            options=BRISK,
        )
        self.side.deliveries.wake = engine.wake
        return engine

    @contextmanager
    def running(self) -> Iterator[DeliveryEngine]:
        engine = self.engine()
        engine.launch()
        try:
            yield engine
        finally:
            engine.close(5.0)

    def export(self, count: int, prefix: str) -> list[str]:
        return [
            self.side.export(self.side.receive(f"{prefix}-{number}")).id for number in range(count)
        ]

    def assert_delivered_once(self, delivery_ids: list[str]) -> None:
        with self.infor.database.read() as work:
            scope = TenantScope(TENANT)
            pages = PageRequest(per_page=200)
            items = self.infor.inspection.list_items(work, scope, OPERATOR, pages).items
            messages = self.infor.inspection.list_messages(work, scope, OPERATOR, pages).items
        for delivery_id in delivery_ids:
            delivery = self.side.detail(delivery_id).delivery
            assert delivery.status is DeliveryStatus.DELIVERED, delivery.error_text
            key = delivery.correlation_id
            assert sum(key in {a.value for a in item.attributes} for item in items) == 1
            assert [m.findings for m in messages if m.message_id == key] == [()]
            assert self.side.status(delivery.document_id) == "exported"


@pytest.fixture
def place(
    database: Database,
    database_url: str,
    tmp_path: Path,
    infor: InforSide,
    credentials: dict[str, str],
) -> Iterator[Place]:
    side = document_side(database, tmp_path / "blobs", SystemClock())
    system_url = sqlite_system_url(tmp_path) if database.is_sqlite else database_url
    with FaultyProxy(infor.url) as proxy:
        side.configure(side.connect({**credentials, "iu": proxy.url}))
        yield Place(side, infor, proxy, system_url)


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_documents_exported_before_and_after_the_launch_are_delivered(place: Place):
    before = place.export(4, "before")
    with place.running() as engine:
        after = place.export(4, "after")
        assert engine.wait_until_idle(30)
    place.assert_delivered_once(before + after)


def test_a_waiting_delivery_goes_on_when_it_is_due(place: Place):
    place.proxy.fault("POST", ITEMS, "refuse", status=503, times=2)
    place.proxy.fault("POST", PUBLISH, "cut")
    with place.running() as engine:
        delivery_ids = place.export(3, "waiting")
        assert engine.wait_until_idle(30)
    place.assert_delivered_once(delivery_ids)


def test_retry_of_a_failed_delivery_runs_it_again_from_its_step(place: Place):
    place.proxy.fault("POST", PUBLISH, "refuse", status=412)
    with place.running() as engine:
        (delivery_id,) = place.export(1, "retry")
        assert engine.wait_until_idle(30)
        assert place.side.detail(delivery_id).delivery.status is DeliveryStatus.FAILED
        with place.side.database.write() as work:
            place.side.deliveries.retry(work, place.side.scope, OPERATOR, delivery_id)
        assert engine.wait_until_idle(30)
    place.assert_delivered_once([delivery_id])
    assert place.proxy.count("POST", ITEMS) == 1


def test_an_engine_that_stops_finishes_its_calls_and_the_next_one_does_the_rest(place: Place):
    place.proxy.after_commit = lambda _method, _path: time.sleep(0.1)
    with place.running():
        delivery_ids = place.export(12, "stop")
        until(lambda: place.proxy.count("POST", ITEMS) >= 2)
    with place.side.database.read() as work:
        left = place.side.deliveries.counts(work, place.side.scope, OPERATOR)
    assert left[DeliveryStatus.DELIVERED] < 12
    for delivery_id in delivery_ids:
        assert not any(a.was_unknown for a in place.side.detail(delivery_id).attempts)
    with place.running() as engine:
        assert engine.wait_until_idle(30)
    place.assert_delivered_once(delivery_ids)
    assert place.proxy.count("POST", ITEMS) == 12


def test_losing_the_scheduler_s_database_in_mid_run_loses_nothing(place: Place):
    place.proxy.after_commit = lambda _method, _path: time.sleep(0.03)
    with place.running() as engine:
        delivery_ids = place.export(20, "lost")
        until(lambda: place.proxy.count("POST", ITEMS) >= 4)
        lose_scheduler_database(place)
        assert engine.wait_until_idle(60)
    place.assert_delivered_once(delivery_ids)
    assert place.proxy.count("POST", ITEMS) == 20


def test_losing_the_scheduler_s_database_between_two_runs_loses_nothing(place: Place):
    with place.running():
        delivery_ids = place.export(3, "between")
    lose_scheduler_database(place)
    with place.running() as engine:
        assert engine.wait_until_idle(30)
    place.assert_delivered_once(delivery_ids)


def test_what_a_silent_worker_held_goes_on_elsewhere(place: Place):
    (delivery_id,) = place.export(1, "silent")
    now = place.side.clock.now()
    with place.side.database.write() as work:
        long_ago = now - timedelta(hours=1)
        WorkerRepository(work.connection).beat(SCOPE, "wrk_dead", "host", 1, long_ago)
        assert DeliveryRepository(work.connection).claim(
            SCOPE, delivery_id, "wrk_dead", now=now, until=now + timedelta(hours=1)
        )
    with place.running() as engine:
        assert engine.wait_until_idle(30)
    place.assert_delivered_once([delivery_id])


# On SQLite there is one worker: whatever is held at its launch is left over.
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_living_worker_keeps_what_it_holds(place: Place):
    (delivery_id,) = place.export(1, "held")
    stop = threading.Event()

    def live() -> None:
        while not stop.wait(0.2):
            with place.side.database.write() as work:
                WorkerRepository(work.connection).beat(
                    SCOPE, "wrk_other", "host", 1, place.side.clock.now()
                )

    now = place.side.clock.now()
    with place.side.database.write() as work:
        DeliveryRepository(work.connection).claim(
            SCOPE, delivery_id, "wrk_other", now=now, until=now + timedelta(hours=1)
        )
        WorkerRepository(work.connection).beat(SCOPE, "wrk_other", "host", 1, now)
    other = threading.Thread(target=live)
    other.start()
    try:
        with place.running() as engine:
            assert not engine.wait_until_idle(1.5)
    finally:
        stop.set()
        other.join()
    assert place.proxy.calls == []


# On SQLite there is one worker.
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_when_one_of_two_workers_is_killed_the_other_does_its_work(place: Place, tmp_path: Path):
    place.proxy.after_commit = lambda _method, _path: time.sleep(0.05)
    arguments = ["-m", "tests.support.export_worker", place.side.database.url, place.system_url]
    with subprocess.Popen(
        [sys.executable, *arguments, str(tmp_path / "blobs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as doomed:
        assert doomed.stdin is not None
        assert doomed.stdout is not None
        doomed.stdin.write(place.side.keys.to_text())
        doomed.stdin.close()
        assert doomed.stdout.readline() == "runs\n"
        delivery_ids = place.export(16, "doomed")
        until(lambda: place.proxy.count("POST", ITEMS) >= 3)
        with place.running() as engine:
            doomed.kill()
            assert engine.wait_until_idle(60)
    place.assert_delivered_once(delivery_ids)
    assert place.proxy.count("POST", ITEMS) == 16


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_two_processes_do_not_run_deliveries_on_one_sqlite_folder(place: Place):
    with place.running():
        code = (
            "import sys\n"
            "from ionport.core.errors import Unavailable\n"
            "from ionport.exports.scheduler_database import SchedulerDatabase\n"
            "try:\n"
            "    SchedulerDatabase(sys.argv[1]).acquire()\n"
            "except Unavailable as error:\n"
            "    print(error.code)\n"
        )
        answer = subprocess.run(
            [sys.executable, "-c", code, place.system_url],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": "src"},
        )
    assert answer.stdout.strip() == "deliveries_run_elsewhere"


def test_it_is_known_whether_anything_runs_deliveries(place: Place):
    def alive() -> bool:
        with place.side.database.read() as work:
            return place.side.deliveries.workers_alive(work)

    assert not alive()
    with place.running():
        assert alive()
    assert not alive()


def test_the_scheduler_is_told_ids_and_nothing_else(place: Place):
    with place.running() as engine:
        delivery_ids = place.export(2, "secretive")
        assert engine.wait_until_idle(30)
    stored = scheduler_rows(place)
    assert delivery_ids[0] in stored
    assert "secretive" not in stored
    for delivery_id in delivery_ids:
        assert place.side.detail(delivery_id).delivery.correlation_id not in stored
    assert StepKind.IDM_CREATE in stored


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_an_engine_that_may_not_run_does_not_disturb_the_one_that_does(place: Place):
    with place.running():
        other = DeliveryEngine(
            place.side.database, place.system_url, place.side.runner(), place.side.clock
        )
        with pytest.raises(Unavailable):
            other.launch()
        (delivery_id,) = place.export(1, "locked")
        until(lambda: place.side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED)


def lose_scheduler_database(place: Place) -> None:
    if place.side.database.is_sqlite:
        path = Path(place.system_url.removeprefix("sqlite:///"))
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        return
    engine = create_engine(place.system_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("drop schema dbos cascade"))
    engine.dispose()


def scheduler_rows(place: Place) -> str:
    found = ""
    if place.side.database.is_sqlite:
        with sqlite3.connect(place.system_url.removeprefix("sqlite:///")) as connection:
            for table in ("workflow_status", "operation_outputs"):
                found += str(connection.execute(f"select * from {table}").fetchall())
        connection.close()
        return found
    engine = create_engine(place.system_url)
    with engine.connect() as connection:
        for table in ("workflow_status", "operation_outputs"):
            found += str(connection.execute(text(f"select * from dbos.{table}")).all())
    engine.dispose()
    return found
