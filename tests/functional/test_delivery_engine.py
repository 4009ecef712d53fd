"""Deliveries run by the real engine against a real Infor side, on both databases."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from ionport.core.clock import SystemClock
from ionport.core.errors import Unavailable
from ionport.core.paging import PageRequest
from ionport.exports.engine.engine import DeliveryEngine
from ionport.exports.engine.setup import build_engine
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import DeliveryStatus
from ionport.exports.timing import ExportTiming
from ionport.identity.access import Access
from ionport.store import Database, SystemScope, TenantScope
from tests.support.export_worker import BRISK
from tests.support.exporting import OPERATOR, QUICK, DocumentSide, document_side, was_unknown
from tests.support.infor_side import TENANT, InforSide, infor_side_on
from tests.support.patience import PATIENCE, TooSlow, with_time_enough
from tests.support.proxy import FaultyProxy

SCOPE = SystemScope("test")
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
ITEMS, PUBLISH = "/IDM/api/items", "/v2/multipartMessage"


@pytest.fixture(scope="module")
def infor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("infor"))


@pytest.fixture(scope="module")
def credentials(infor: InforSide) -> dict[str, str]:
    return infor.credentials(name="DocBits engine")


@dataclass(slots=True)
class Place:
    """A document side with an active configuration, and the folder that its engine locks."""

    side: DocumentSide
    infor: InforSide
    proxy: FaultyProxy
    folder: Path

    def engine(
        self, timing: ExportTiming = QUICK, *, over_one_connection: int = 0
    ) -> DeliveryEngine:
        engine = build_engine(
            self.side.database,
            self.side.runner(timing),
            self.side.clock,
            self.folder,
            concurrency=4,
            over_one_connection=over_one_connection,
            options=BRISK,
        )
        self.side.deliveries.wake = engine.wake
        return engine

    @contextmanager
    def running(self, timing: ExportTiming = QUICK) -> Iterator[DeliveryEngine]:
        engine = self.engine(timing)
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
            access = Access(work, scope, OPERATOR)
            pages = PageRequest(per_page=200)
            items = self.infor.inspection.list_items(access, pages).items
            messages = self.infor.inspection.list_messages(access, pages).items
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
    tmp_path: Path,
    infor: InforSide,
    credentials: dict[str, str],
) -> Iterator[Place]:
    side = document_side(database, tmp_path / "blobs", SystemClock())
    with FaultyProxy(infor.url) as proxy:
        side.configure(side.connect({**credentials, "iu": proxy.url}))
        yield Place(side, infor, proxy, tmp_path)


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_documents_exported_before_and_after_the_launch_are_delivered(place: Place):
    before = place.export(4, "before")
    with place.running() as engine:
        after = place.export(4, "after")
        assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once(before + after)


@pytest.mark.on_each_database
def test_no_more_deliveries_run_over_a_connection_than_it_has_places(place: Place) -> None:
    running: list[int] = []

    def count(_method: str, _path: str) -> None:
        with place.side.database.read() as work:
            rows = work.connection.execute(
                text("SELECT count(*) FROM deliveries WHERE status = 'running'")
            )
            running.append(rows.scalar_one())

    place.proxy.after_commit = count
    delivery_ids = place.export(5, "places")
    engine = place.engine(over_one_connection=2)
    engine.launch()
    try:
        assert engine.wait_until_idle(PATIENCE)
    finally:
        engine.close(5.0)
    place.assert_delivered_once(delivery_ids)
    assert max(running) <= 2


def test_a_waiting_delivery_goes_on_when_it_is_due(place: Place):
    place.proxy.fault("POST", ITEMS, "refuse", status=503, times=2)
    place.proxy.fault("POST", PUBLISH, "cut")
    with place.running() as engine:
        delivery_ids = place.export(3, "waiting")
        assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once(delivery_ids)


def test_retry_of_a_failed_delivery_runs_it_again_from_its_step(place: Place):
    place.proxy.fault("POST", PUBLISH, "refuse", status=412)
    with place.running() as engine:
        (delivery_id,) = place.export(1, "retry")
        assert engine.wait_until_idle(PATIENCE)
        assert place.side.detail(delivery_id).delivery.status is DeliveryStatus.FAILED
        with place.side.database.write() as work:
            place.side.deliveries.retry(Access(work, place.side.scope, OPERATOR), delivery_id)
        assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once([delivery_id])
    assert place.proxy.count("POST", ITEMS) == 1


@pytest.mark.on_each_database
def test_an_engine_that_stops_finishes_its_calls_and_the_next_one_does_the_rest(place: Place):
    with place.running() as engine:

        def hold(_method: str, _path: str) -> None:
            if place.proxy.count("POST", ITEMS) > 2:
                engine._runner.stopping.wait(PATIENCE)

        place.proxy.after_commit = hold
        delivery_ids = place.export(12, "stop")
        until(lambda: place.proxy.count("POST", ITEMS) >= 3)
    place.proxy.after_commit = lambda _method, _path: None
    with place.side.database.read() as work:
        left = place.side.deliveries.counts(Access(work, place.side.scope, OPERATOR))
    assert left[DeliveryStatus.DELIVERED] < 12
    for delivery_id in delivery_ids:
        assert not any(was_unknown(a) for a in place.side.detail(delivery_id).attempts)
    with place.running() as engine:
        assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once(delivery_ids)
    assert place.proxy.count("POST", ITEMS) == 12


@pytest.mark.on_each_database
@ON_POSTGRESQL
def test_losing_the_queue_s_database_in_mid_run_loses_nothing(place: Place):
    place.proxy.after_commit = lambda _method, _path: time.sleep(0.03)
    with place.running() as engine:
        delivery_ids = place.export(20, "lost")
        until(lambda: place.proxy.count("POST", ITEMS) >= 4)
        lose_queue_database(place)
        assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once(delivery_ids)
    assert place.proxy.count("POST", ITEMS) == 20


@pytest.mark.on_each_database
@ON_POSTGRESQL
def test_losing_the_queue_s_database_between_two_runs_loses_nothing(place: Place):
    with place.running():
        delivery_ids = place.export(3, "between")
    lose_queue_database(place)
    with place.running() as engine:
        assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once(delivery_ids)


@pytest.mark.on_each_database
def test_what_a_silent_worker_held_goes_on_elsewhere(place: Place):
    (delivery_id,) = place.export(1, "silent")
    now = place.side.clock.now()
    with place.side.database.write() as work:
        assert PassRepository(work.connection).claim(SCOPE, delivery_id, 1, "wrk_dead", now=now)
    with place.running() as engine:
        assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once([delivery_id])


# On SQLite there is one worker: whatever is held at its launch is left over.
@ON_POSTGRESQL
def test_a_living_worker_keeps_what_it_holds(place: Place):
    def keep_alive(silent_after: float) -> None:
        (delivery_id,) = place.export(1, f"held-{silent_after}")
        stop, kept = threading.Event(), [time.monotonic()]

        def live() -> None:
            while not stop.wait(silent_after / 10):
                with place.side.database.write() as work:
                    PassRepository(work.connection).keep(SCOPE, "wrk_other", [delivery_id])
                kept.append(time.monotonic())

        now = place.side.clock.now()
        with place.side.database.write() as work:
            PassRepository(work.connection).claim(SCOPE, delivery_id, 1, "wrk_other", now=now)
        other = threading.Thread(target=live)
        other.start()
        try:
            with place.running(replace(QUICK, silent_after=silent_after)) as engine:
                was_idle = engine.wait_until_idle(silent_after * 2)
                found = place.side.detail(delivery_id)
        finally:
            stop.set()
            other.join()
        if max(b - a for a, b in pairwise(kept)) > silent_after / 2:
            raise TooSlow("it did not look alive")
        assert not was_idle
        assert (found.delivery.worker_id, found.attempts) == ("wrk_other", ())

    with_time_enough(1.0, keep_alive)


# On SQLite there is one worker.
@pytest.mark.on_each_database
@ON_POSTGRESQL
def test_when_one_of_two_workers_is_killed_the_other_does_its_work(place: Place, tmp_path: Path):
    place.proxy.after_commit = lambda _method, _path: time.sleep(0.05)
    arguments = ["-m", "tests.support.export_worker", place.side.database.url]
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
        # It waits as long as a call of the killed one could last, which is shortened here.
        with place.running(replace(QUICK, send_within=0.5, after_gateway=2.0)) as engine:
            doomed.kill()
            assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once(delivery_ids)
    assert place.proxy.count("POST", ITEMS) == 16


@ON_SQLITE
def test_two_processes_do_not_run_deliveries_on_one_data_folder(place: Place):
    with place.running():
        code = (
            "import sys\n"
            "from pathlib import Path\n"
            "from ionport.core.errors import Unavailable\n"
            "from ionport.exports.engine.queues.lock import FolderLock\n"
            "try:\n"
            "    FolderLock(Path(sys.argv[1])).acquire()\n"
            "except Unavailable as error:\n"
            "    print(error.code)\n"
        )
        answer = subprocess.run(
            [sys.executable, "-c", code, place.folder],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert answer.stdout.strip() == "deliveries_run_elsewhere"


@ON_SQLITE
def test_a_version_before_that_still_runs_is_not_run_beside(place: Place):
    """It locks a file of another name."""
    with (place.folder / "dbos.sqlite.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Unavailable):
            place.engine().launch()


def test_it_is_known_whether_anything_runs_deliveries(place: Place):
    def is_anything_running() -> bool:
        with place.side.database.read() as work:
            return place.side.deliveries.has_active_worker(work)

    assert not is_anything_running()
    with place.running():
        assert is_anything_running()
    assert not is_anything_running()


@ON_POSTGRESQL
def test_the_queue_is_told_ids_and_nothing_else(place: Place):
    with place.running() as engine:
        delivery_ids = place.export(2, "secretive")
        assert engine.wait_until_idle(PATIENCE)
    stored = queue_rows(place)
    assert delivery_ids[0] in stored
    assert "secretive" not in stored
    for delivery_id in delivery_ids:
        assert place.side.detail(delivery_id).delivery.correlation_id not in stored


@ON_POSTGRESQL
def test_a_pass_that_the_queue_has_done_with_is_run_all_the_same(place: Place):
    """A workflow of that id has ended, though nothing was done: the ledger decides."""
    with place.running() as engine:
        (first,) = place.export(1, "first")
        assert engine.wait_until_idle(PATIENCE)
        with place.side.database.write() as work:
            for statement in (
                "update deliveries set status = 'pending', due_at = created_at, pass_number = 1",
                "update delivery_steps set status = 'pending' where kind = 'ion_publish'",
            ):
                work.connection.execute(text(statement))
        engine.wake()
        assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once([first])


@ON_SQLITE
def test_an_engine_that_may_not_run_does_not_disturb_the_one_that_does(place: Place):
    with place.running():
        with pytest.raises(Unavailable):
            place.engine().launch()
        (delivery_id,) = place.export(1, "locked")
        until(lambda: place.side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED)


@pytest.mark.on_each_database
def test_a_delivery_whose_answer_the_database_did_not_take_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    """As with a full disk: the process lives on, and nothing stays under way for ever."""
    whole, left = LedgerRepository.settle_attempt, [1]

    def full(self: LedgerRepository, *arguments: Any, **keywords: Any) -> bool:
        if left.pop() if left else 0:
            raise OperationalError("update", {}, Exception("database or disk is full"))
        return whole(self, *arguments, **keywords)

    monkeypatch.setattr(LedgerRepository, "settle_attempt", full)
    with place.running(replace(QUICK, record_within=0.0)) as engine:
        delivery_ids = place.export(2, "full")
        assert engine.wait_until_idle(PATIENCE)
    place.assert_delivered_once(delivery_ids)
    assert place.proxy.count("POST", ITEMS) == 2


def lose_queue_database(place: Place) -> None:
    """Drop DBOS's schema under it; whoever reads it at this moment may be in the way."""
    engine = create_engine(place.side.database.url, isolation_level="AUTOCOMMIT")

    def drop() -> bool:
        try:
            with engine.connect() as connection:
                connection.execute(text("drop schema if exists dbos cascade"))
        except OperationalError:
            return False
        return True

    try:
        until(drop)
    finally:
        engine.dispose()


def queue_rows(place: Place) -> str:
    found = ""
    engine = create_engine(place.side.database.url)
    with engine.connect() as connection:
        for table in ("workflow_status", "operation_outputs"):
            found += str(connection.execute(text(f"select * from dbos.{table}")).all())
    engine.dispose()
    return found
