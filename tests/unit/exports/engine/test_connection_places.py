"""A connection has a limit that all workers keep together; a silent worker keeps no place."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ionport.core.ids import new_id
from ionport.exports.engine.passes.model import RunningPass
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.engine.schedule import Schedule
from ionport.exports.ledger.places import ConnectionPlaces
from tests.support.exporting import QUICK
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.on_each_database


def _places(worker: str, limit: int) -> ConnectionPlaces:
    return ConnectionPlaces(worker, QUICK.silent_after, limit)


def _beat(walk: Walk, worker: str) -> None:
    Schedule(walk.side.database, walk.clock, QUICK, worker).beat([])


def _claims(walk: Walk, worker: str, delivery_id: str, limit: int = 1) -> bool:
    """Whether a worker gets the delivery's pass that is due."""
    records = PassRecords(walk.clock, walk.side.documents, QUICK, worker)
    records.places = _places(worker, limit)
    number = walk.side.detail(delivery_id).delivery.pass_number
    with walk.side.database.write() as work:
        return isinstance(records.claim(work, delivery_id, number), RunningPass)


def _due(walk: Walk, limit: int, most: int = 10) -> list[str]:
    schedule = Schedule(walk.side.database, walk.clock, QUICK, "wrk_due", _places("wrk_due", limit))
    return [each.delivery_id for each in schedule.due(most)]


def test_a_worker_begins_nothing_while_others_have_all_places(walk: Walk) -> None:
    first, second = walk.exported("PLACE-1"), walk.exported("PLACE-2")
    _beat(walk, "wrk_a")
    assert _claims(walk, "wrk_a", first)
    assert not _claims(walk, "wrk_b", second)
    waiting = walk.side.detail(second).delivery
    assert (waiting.status, waiting.runs) == ("pending", 0)
    assert _due(walk, 1) == []
    walk.clock.advance(timedelta(seconds=QUICK.silent_after))
    _beat(walk, "wrk_a")
    assert _due(walk, 1) == [], "it is still seen"
    walk.clock.advance(timedelta(seconds=QUICK.silent_after + 0.1))
    assert _due(walk, 1) == [second]
    assert _claims(walk, "wrk_b", second), "a silent worker keeps no place"


def test_without_a_limit_every_delivery_is_taken_up(walk: Walk) -> None:
    first, second = walk.exported("PLACE-3"), walk.exported("PLACE-4")
    assert sorted(_due(walk, 0)) == sorted([first, second])
    assert _claims(walk, "wrk_a", first, limit=0)
    assert _claims(walk, "wrk_b", second, limit=0)


def test_a_full_connection_hides_nothing_that_waits_behind_it(walk: Walk) -> None:
    """Many deliveries of one connection are due longest; one of another connection is behind."""
    many = [walk.exported(f"PLACE-MANY-{number}") for number in range(5)]
    credentials = walk.infor.credentials(name=f"Other {new_id('app')}")
    other = walk.side.connect({**credentials, "iu": walk.proxy.url})
    walk.clock.advance(timedelta(seconds=1))
    behind = walk.exported("PLACE-BEHIND")
    with walk.side.database.write() as work:
        work.connection.exec_driver_sql(
            f"UPDATE deliveries SET connection_id = '{other}' WHERE id = '{behind}'"
        )
    found = _due(walk, 1, most=3)
    assert found[1:] == [behind]
    assert found[0] in many


def test_of_two_workers_that_claim_at_once_one_gets_the_last_place(walk: Walk) -> None:
    deliveries = [walk.exported(f"PLACE-RACE-{number}") for number in range(4)]
    together = threading.Barrier(4)
    for number in range(4):
        _beat(walk, f"wrk_{number}")

    def claim(number: int) -> bool:
        together.wait()
        return _claims(walk, f"wrk_{number}", deliveries[number])

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(claim, range(4))) == 1
