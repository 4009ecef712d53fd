"""Workers are killed and started at random while documents go out by every method: each once.

One worker on SQLite, which serves no more, and four on PostgreSQL. `IONPORT_CHAOS_DOCUMENTS` makes
the test longer (`make chaos`): so many documents, shared out among the methods, and 50 kills.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.promises.chaos import finish
from tests.promises.conftest import Installer, Target
from tests.promises.everywhere import METHODS, Everywhere, counterparts
from tests.promises.installation import Installation
from tests.promises.workers import Worker, Workers
from tests.support.receiver import Receiver
from tests.support.sides import PATIENCE, until

_IS_LONG = "IONPORT_CHAOS_DOCUMENTS" in os.environ
DOCUMENTS = -(-int(os.environ.get("IONPORT_CHAOS_DOCUMENTS") or METHODS) // METHODS)
KILLS = 50 if _IS_LONG else 3


class Crowd:
    """Some workers of an installation, of which a seed chooses who is killed, and when."""

    def __init__(self, crew: Workers, installation: Installation, most: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._crew = crew
        self._installation = installation
        self._most = most
        self._workers: list[Worker] = []
        # What the ledger knew to be under way when a worker was killed.
        self.struck: Counter[str] = Counter()

    def start(self) -> None:
        """Start workers until there are as many as there may be; one may be killed in its start."""
        here = self._installation
        while len(self._workers) < self._most:
            worker = self._crew.start(here.folder, here.database_url, is_awaited=False)
            self._workers.append(worker)

    def kill(self) -> None:
        """Kill one at any moment behind the next call, and start one or more, or none."""
        ledger = self._installation.ledger
        before = ledger.attempts()
        assert until(lambda: ledger.attempts() > before or ledger.all_delivered(), pause=0.005)
        threading.Event().wait(self._random.uniform(0, 0.2))
        self._workers.pop(self._random.randrange(len(self._workers))).kill()
        self.struck.update(step for step, *_ids in ledger.sent_without_answer())
        if not self._workers or self._random.random() < 0.7:
            self.start()

    def kill_in_the_gap(self, receiver: Receiver) -> None:
        """Kill all when a receiver has taken what was posted, and before its answer."""
        taken, killed = threading.Event(), threading.Event()

        def hold() -> None:
            taken.set()
            killed.wait(PATIENCE)

        receiver.on_call = hold
        self.start()
        assert taken.wait(PATIENCE), self._installation.ledger.unfinished()
        while self._workers:
            self._workers.pop().kill()
        receiver.on_call = None
        killed.set()
        self.start()

    def stop(self) -> None:
        for worker in self._workers:
            worker.stop()


@pytest.mark.parametrize(("database", "workers"), [("sqlite", 1), ("postgresql", 4)])
def test_each_document_arrives_once_by_every_method_while_workers_are_killed_at_random(
    database: str,
    workers: int,
    target: Target,
    install: Installer,
    crew: Workers,
    tmp_path: Path,
    seed: int,
) -> None:
    with counterparts(tmp_path) as others:
        make = partial(install, database)
        everywhere = Everywhere(make, target.credentials, target.counts, others)
        crowd = Crowd(crew, everywhere.installation, workers, seed)
        everywhere.export(1)
        left = DOCUMENTS - 1
        # Four processes more to start: a second and more.
        has_gap = workers == 1 or _IS_LONG
        if has_gap:
            crowd.kill_in_the_gap(others.receiver)
        else:
            crowd.start()
        for number in range(KILLS):
            come = -(-left // (KILLS - number))
            everywhere.export(come)
            left -= come
            crowd.kill()
        crowd.start()
        finish(everywhere.ledger)
        crowd.stop()
        print(f"{KILLS} kills; calls under way then: {dict(crowd.struck)}")
        posted = len(others.receiver.calls)
        assert not has_gap or posted > DOCUMENTS, "the one in the gap was posted again"
        everywhere.assert_each_arrived_once()
