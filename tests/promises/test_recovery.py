"""When the disk is full, the database locked or killed, deliveries go on once that is over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.promises import faults
from tests.promises.conftest import Installer
from tests.promises.counting import Ledger, assert_posted_exactly_once
from tests.promises.infor import Target
from tests.promises.installation import Installation
from tests.promises.proportion import Proportion
from tests.promises.wire import CREATE, Wire
from tests.promises.workers import Worker, Workers
from tests.support.intermediary import Call
from tests.support.patience import until_on_a_quiet_machine
from tests.support.sides import PATIENCE, until

DOCUMENTS = 20
HELD = 4
# What a machine that does other work may add to any time.
SLACK = 8.0
PROPORTION = Proportion(1 / 15)
# Long enough for a lease (240 seconds) and the time to settle (70) to be told apart.
LEASE_PROPORTION = Proportion(1 / 10)
# Pauses come at once when several calls fail at once: only the longest times of this one matter.
PAUSE_PROPORTION = Proportion(1 / 5)


class Held:
    """Calls that Infor has taken and whose answers wait."""

    def __init__(self, wire: Wire, count: int) -> None:
        self.released = threading.Event()
        self._here = threading.Semaphore(0)
        self._count = count
        for _number in range(count):
            wire.on(CREATE, self._hold)

    def wait(self) -> None:
        """Wait until all of them are there."""
        for _number in range(self._count):
            assert self._here.acquire(timeout=PATIENCE)

    def _hold(self, call: Call) -> None:
        answer = call.forward(call.read())
        self._here.release()
        self.released.wait(PATIENCE)
        call.answer(*answer)


def assert_goes_on(ledger: Ledger) -> None:
    """Assert that all are delivered soon, the fault being over now.

    Those without a `sent` attempt go on within a minute, the others within the takeover's time.
    """
    sent = {row[1] for row in ledger.sent_without_answer()}

    def left() -> set[str]:
        rows = ledger.rows("SELECT correlation_id FROM deliveries WHERE status <> 'delivered'")
        return {row[0] for row in rows}

    minute = PROPORTION.of(60) + SLACK
    assert until_on_a_quiet_machine(lambda: left() <= sent, minute), ledger.unfinished()
    rest = PROPORTION.takeover - PROPORTION.of(60) + SLACK
    assert until_on_a_quiet_machine(lambda: not left(), rest), ledger.unfinished()


@contextmanager
def calls_under_way(
    target: Target,
    installation: Installation,
    crew: Workers,
    wire: Wire,
    proportion: Proportion = PROPORTION,
) -> Iterator[tuple[Worker, threading.Event]]:
    """Yield a worker with calls under way, whose answers come when the event is set.

    After the block, in which a fault came and went, everything has to go on.
    """
    installation.export(DOCUMENTS)
    held = Held(wire, HELD)
    worker = crew.start(installation.folder, installation.database_url, factor=proportion.factor)
    held.wait()
    yield worker, held.released
    assert_goes_on(installation.ledger)
    worker.stop()
    assert_posted_exactly_once(target.counts, installation.ledger)


def last(production_seconds: float) -> None:
    """Let a fault last."""
    threading.Event().wait(PROPORTION.of(production_seconds))


def test_deliveries_go_on_after_the_disk_was_full(
    target: Target, install: Installer, crew: Workers, tmp_path: Path
) -> None:
    with faults.disk_of_its_own(tmp_path / "disk") as disk, Wire(target.url) as wire:
        folder = disk / "documents"
        installation = install("sqlite", target.credentials_through(wire), folder)
        under_way = calls_under_way(target, installation, crew, wire)
        with under_way as (_worker, answers_come), faults.full(disk):
            answers_come.set()
            last(15)
        installation.close()


def test_deliveries_go_on_after_writes_failed(
    target: Target, install: Installer, crew: Workers
) -> None:
    with Wire(target.url) as wire:
        installation = install("sqlite", target.credentials_through(wire))
        under_way = calls_under_way(target, installation, crew, wire)
        with under_way as (worker, answers_come), faults.failing_writes(worker):
            answers_come.set()
            last(15)


def test_deliveries_go_on_after_the_disk_became_read_only_and_was_mended(
    target: Target, install: Installer, crew: Workers, tmp_path: Path
) -> None:
    with faults.disk_that_fails(tmp_path / "disk") as disk, Wire(target.url) as wire:
        folder = tmp_path / "disk" / "documents"
        installation = install("sqlite", target.credentials_through(wire), folder)
        installation.export(DOCUMENTS)
        installation.close()
        disk.flush()
        held = Held(wire, HELD)
        worker = crew.start(folder, factor=PROPORTION.factor)
        held.wait()
        disk.fail()
        held.released.set()
        last(15)
        worker.stop()
        disk.mend()
        with closing(Ledger(installation.application.database.url)) as ledger:
            worker = crew.start(folder, factor=PROPORTION.factor)
            assert_goes_on(ledger)
            worker.stop()
            assert_posted_exactly_once(target.counts, ledger)


def test_no_delivery_waits_out_a_lease_after_the_database_was_locked(
    target: Target, install: Installer, crew: Workers
) -> None:
    with Wire(target.url) as wire:
        installation = install("sqlite", target.credentials_through(wire))
        path = installation.folder / "ionport.db"
        under_way = calls_under_way(target, installation, crew, wire, LEASE_PROPORTION)
        with under_way as (_worker, answers_come):
            with faults.locked(path):
                answers_come.set()
                threading.Event().wait(LEASE_PROPORTION.of(60))
            settled = LEASE_PROPORTION.of(70) + SLACK
            ledger = installation.ledger
            assert until_on_a_quiet_machine(ledger.all_delivered, settled), ledger.unfinished()


@pytest.fixture(scope="module")
def postgresql() -> Iterator[faults.PostgreSql]:
    with faults.postgresql_to_kill() as running:
        yield running


def test_deliveries_go_on_after_postgresql_was_killed_three_times(
    target: Target, install: Installer, crew: Workers, postgresql: faults.PostgreSql
) -> None:
    with Wire(target.url) as wire:
        credentials = target.credentials_through(wire)
        installation = install("postgresql", credentials, url=postgresql.url())
        with calls_under_way(target, installation, crew, wire) as (_worker, answers_come):
            postgresql.kill()
            answers_come.set()
            last(5)
            postgresql.start()
            for _time in range(2):
                last(5)
                postgresql.kill()
                postgresql.start()


def test_no_delivery_waits_for_a_pause_once_a_call_over_its_connection_passed(
    target: Target, install: Installer, crew: Workers
) -> None:
    with Wire(target.url) as wire:
        installation = install("sqlite", target.credentials_through(wire))
        ledger, pauses = installation.ledger, Pauses(installation.ledger)
        installation.export(DOCUMENTS)
        held = Held(wire, 1)
        worker = crew.start(installation.folder, factor=PAUSE_PROPORTION.factor)
        held.wait()
        wire.is_away = True
        assert until(lambda: pauses.longest() > PAUSE_PROPORTION.of(45), PATIENCE)
        wire.is_away = False
        held.released.set()
        assert until(lambda: wire.answered > 0, PATIENCE)
        soon = PAUSE_PROPORTION.of(22)
        assert until_on_a_quiet_machine(lambda: pauses.longest() == 0, soon), ledger.unfinished()
        assert until(ledger.all_delivered, PATIENCE), ledger.unfinished()
        worker.stop()
        assert_posted_exactly_once(target.counts, ledger)


class Pauses:
    """How long deliveries still wait because their connection pauses."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def longest(self) -> float:
        """Return the longest such wait in seconds; 0 when none waits so."""
        found = self._ledger.latest_due("connection_paused")
        return 0.0 if found is None else max((found - datetime.now(UTC)).total_seconds(), 0.0)
