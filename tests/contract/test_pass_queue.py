"""Every adapter of the port `PassQueue` keeps the same promises."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ionport.core.clock import SystemClock
from ionport.exports.engine.queues.port import EngineOptions, PassQueue
from ionport.exports.engine.queues.threads import ThreadQueue
from ionport.exports.engine.schedule import Schedule
from ionport.exports.model import DuePass
from ionport.store import Database
from tests.support.exporting import QUICK
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.on_each_database

OPTIONS = EngineOptions(poll=0.05, health=0.2)


@pytest.fixture
def queue(database: Database, tmp_path: Path) -> Iterator[PassQueue]:
    """The adapter of this database, with two calls at once."""
    if database.is_sqlite:
        made: PassQueue = ThreadQueue(tmp_path, concurrency=2)
    else:
        from ionport.exports.engine.queues.dbos_queue import DbosQueue

        schedule = Schedule(database, SystemClock(), QUICK, "wrk_contract")
        schedule.begin(is_alone=False)
        made = DbosQueue(database.url, schedule, concurrency=2, options=OPTIONS)
    yield made
    made.stop()
    made.close(finished=True)


class Passes:
    """Notes what was run; passes of connection `slow` wait until they are let go."""

    def __init__(self, slow: frozenset[str] = frozenset()) -> None:
        self.ran: list[tuple[str, int]] = []
        self.go = threading.Event()
        self._slow = slow

    def run(self, delivery_id: str, pass_number: int) -> None:
        self.ran.append((delivery_id, pass_number))
        if delivery_id in self._slow:
            self.go.wait(PATIENCE)


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def due(*keys: str, connection: str = "con_1") -> list[DuePass]:
    return [DuePass(f"{key}_{time.time_ns()}", 1, connection) for key in keys]


def test_what_is_offered_is_run_with_its_number(queue: PassQueue):
    passes, wanted = Passes(), due("a", "b", "c")
    queue.launch(passes.run)
    queue.offer(wanted)
    until(lambda: len(passes.ran) == 3)
    assert sorted(passes.ran) == sorted((each.delivery_id, 1) for each in wanted)


def test_what_is_offered_twice_while_it_is_known_is_run_once(queue: PassQueue):
    (wanted,) = due("a")
    passes = Passes(frozenset({wanted.delivery_id}))
    queue.launch(passes.run)
    queue.offer([wanted])
    until(lambda: bool(passes.ran))
    queue.offer([wanted])
    queue.offer(other := due("other"))
    until(lambda: len(passes.ran) >= 2)
    passes.go.set()
    assert passes.ran == [(wanted.delivery_id, 1), (other[0].delivery_id, 1)]


def test_a_slow_connection_leaves_places_to_others(queue: PassQueue):
    slow = due(*(f"slow{number}" for number in range(12)), connection="con_slow")
    passes = Passes(frozenset(each.delivery_id for each in slow))
    queue.launch(passes.run)
    queue.offer(slow)
    until(lambda: len(passes.ran) >= 3)
    queue.offer(quick := due("quick", connection="con_quick"))
    until(lambda: (quick[0].delivery_id, 1) in passes.ran)
    passes.go.set()


def test_it_takes_more_as_long_as_it_has_room(queue: PassQueue):
    queue.launch(Passes().run)
    assert queue.free_places() > 0
    assert list(queue.busy()) == []
    assert queue.is_short()


def test_nothing_is_begun_once_it_has_stopped(queue: PassQueue):
    passes = Passes()
    queue.launch(passes.run)
    queue.stop()
    if queue.is_alone:
        queue.offer(due("late"))
        time.sleep(0.1)
        assert passes.ran == []


def test_a_long_queue_is_not_short_until_its_passes_have_ended(queue: PassQueue) -> None:
    """DBOS holds many passes; looking into the ledger after each of them would be in vain."""
    wanted = due(*(f"many{number}" for number in range(20)))
    passes = Passes(frozenset(each.delivery_id for each in wanted))
    queue.launch(passes.run)
    queue.offer(wanted)
    assert queue.is_alone or not queue.is_short()
    passes.go.set()
    until(queue.is_short)
