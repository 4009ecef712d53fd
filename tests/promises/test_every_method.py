"""Whatever fails while documents go out by every method: each arrives once.

One worker on SQLite, which serves no more, and four on PostgreSQL. `make test` kills workers;
`IONPORT_CHAOS_DOCUMENTS` (`make chaos`) takes every fault, and so many documents, shared out among
the methods.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.promises.chaos import finish
from tests.promises.conftest import Installer
from tests.promises.counting import assert_takeovers_waited
from tests.promises.everywhere import METHODS
from tests.promises.incidents import FAULTS, KILL, PROPORTION, Fault, scene_of, step_clock
from tests.promises.infor import Target
from tests.promises.workers import Workers

_IS_LONG = "IONPORT_CHAOS_DOCUMENTS" in os.environ
DOCUMENTS = -(-int(os.environ.get("IONPORT_CHAOS_DOCUMENTS") or METHODS) // METHODS)
WORKERS = {"sqlite": 1, "postgresql": 4}


@pytest.mark.parametrize(
    ("fault", "database"),
    [
        pytest.param(fault, database, id=f"{database}-{fault}")
        for fault in (FAULTS if _IS_LONG else [KILL])
        for database in fault.databases
    ],
)
def test_each_document_arrives_once_by_every_method_whatever_fails(
    fault: Fault,
    database: str,
    target: Target,
    install: Installer,
    crew: Workers,
    tmp_path: Path,
    seed: int,
) -> None:
    times = fault.times if _IS_LONG else 3
    with scene_of(
        fault,
        database,
        WORKERS[database],
        target=target,
        install=install,
        crew=crew,
        root=tmp_path,
        seed=seed,
    ) as scene:
        crowd, everywhere = scene.crowd, scene.everywhere
        everywhere.export(1)
        left, under_way = DOCUMENTS - 1, Counter[str]()
        # Four processes more to start: a second and more.
        has_gap = fault is KILL and (database == "sqlite" or _IS_LONG)
        if has_gap:
            crowd.kill_in_the_gap(scene.others.receiver)
        else:
            crowd.start()
        for number in range(times):
            come = -(-left // (times - number))
            everywhere.export(come)
            left -= come
            crowd.wait_for_a_call()
            under_way.update(step for step, *_ids in everywhere.ledger.sent_without_answer())
            fault.strike(scene)
        crowd.start()
        finish(everywhere.ledger)
        crowd.stop()
        posted = len(scene.others.receiver.calls)
        assert not has_gap or posted > DOCUMENTS, "the one in the gap was posted again"
        everywhere.assert_each_arrived_once()
        logs = "".join(log.read_text() for log in tmp_path.glob("documents-*.log"))
        assert re.search(fault.logged, logs), "the workers have noticed nothing"
        print(f"{fault}, {times} times; calls under way then: {dict(under_way)}")
        if fault.strike is not step_clock:
            print("takeovers:", assert_takeovers_waited(everywhere.ledger, PROPORTION.takeover))
