"""Puts the engine together for a database: threads beside SQLite, DBOS beside PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ionport.core.clock import BootClock
from ionport.exports.engine.engine import DeliveryEngine
from ionport.exports.engine.queues.port import EngineOptions, PassQueue
from ionport.exports.engine.queues.threads import ThreadQueue
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.engine.schedule import Schedule
from ionport.store import Database


def build_engine(
    database: Database,
    runner: DeliveryRunner,
    clock: BootClock,
    folder: Path,
    *,
    concurrency: int = 8,
    over_one_connection: int = 0,
    knows_schema: Callable[[], bool] = lambda: True,
    options: EngineOptions | None = None,
) -> DeliveryEngine:
    """Return the engine of a process; `folder` is the data folder that it locks on SQLite.

    It makes `concurrency` calls at once; `over_one_connection` counts for all processes together.
    `knows_schema` tells whether the database still has this program's schema.
    """
    runner.knows_schema = knows_schema
    runner.limit_calls(concurrency, over_one_connection)
    schedule = Schedule(database, clock, runner.timing, runner.worker_id, runner.places)
    queue: PassQueue
    if database.is_sqlite:
        queue = ThreadQueue(folder, concurrency=concurrency)
    else:
        # DBOS comes with the extra `postgres` and takes a second to import.
        from ionport.exports.engine.queues.dbos_queue import DbosQueue

        queue = DbosQueue(database.url, schedule, concurrency=concurrency, options=options)
    return DeliveryEngine(schedule, queue, runner, clock, options=options)
