"""Some workers of one installation, of which a seed chooses who is killed or frozen, and when."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Sequence

from tests.promises.installation import Installation
from tests.promises.workers import Worker, Workers, stop_all
from tests.support.receiver import Receiver
from tests.support.sides import PATIENCE, until


class Crowd:
    """At most so many workers; they reach their database at one of the URLs after the other."""

    def __init__(
        self,
        crew: Workers,
        installation: Installation,
        most: int,
        chosen: random.Random,
        urls: Sequence[str] = (),
    ) -> None:
        self._random = chosen
        self._crew = crew
        self._installation = installation
        self._most = most
        self._urls = itertools.cycle(urls or [installation.database_url])
        self._workers: list[Worker] = []

    def start(self) -> None:
        """Start workers until there are as many as there may be; one may be killed in its start."""
        folder = self._installation.folder
        while len(self._workers) < self._most:
            worker = self._crew.start(folder, next(self._urls), is_awaited=False)
            self._workers.append(worker)

    def wait_for_a_call(self) -> None:
        """Wait for any moment behind the next call, or until everything is delivered."""
        ledger = self._installation.ledger
        before = ledger.attempts()
        assert until(lambda: ledger.attempts() > before or ledger.all_delivered(), pause=0.005)
        threading.Event().wait(self._random.uniform(0, 0.2))

    def kill(self) -> None:
        """Kill one, and start one or more, or none."""
        self._workers.pop(self._random.randrange(len(self._workers))).kill()
        if not self._workers or self._random.random() < 0.7:
            self.start()

    def freeze(self, seconds: float) -> None:
        """Freeze one for some seconds; it goes on after that, or was killed meanwhile."""
        frozen = self._random.choice(self._workers)
        frozen.freeze()
        threading.Event().wait(seconds)
        if self._random.random() < 0.3:
            self._workers.remove(frozen)
            frozen.kill()
            self.start()
        else:
            frozen.thaw()

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
        """Stop all at once, none of which has ended by itself."""
        assert all(worker.is_alive for worker in self._workers)
        stop_all(*self._workers)
