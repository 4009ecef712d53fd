"""Random trouble while documents are delivered: kills, sleeps, clock steps, slow and cut lines."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tests.promises import faults
from tests.promises.counting import Ledger
from tests.promises.infor import Target
from tests.promises.installation import Installation, socket_of, through
from tests.promises.proportion import Proportion
from tests.promises.wire import CREATE, PUBLISH, Relay, Wire
from tests.promises.workers import Worker, Workers, clock_of, stop_all
from tests.support.intermediary import Call
from tests.support.sides import until

PROPORTION = Proportion()
# How many seconds of production a sleep or a cut lasts: in the long form more than a takeover.
LONGEST = 300 if "IONPORT_CHAOS_DOCUMENTS" in os.environ else 60


class Trouble:
    """Makes one kind of trouble after another; each method is one kind.

    `in_the_gap` counts kills between Infor's commit and our record of it.
    """

    def __init__(
        self, seed: int, crew: Workers, installation: Installation, infor: Target, wire: Wire
    ) -> None:
        self._random = random.Random(seed)
        self._crew = crew
        self._installation = installation
        self._infor = infor
        self._wire = wire
        self._is_sqlite = not installation.database_url
        self._relay: Relay | None = None
        self._workers: list[Worker] = []
        self._waiting = threading.Event()
        self._shift = 0.0
        self.in_the_gap = 0
        self.told: list[str] = []

    @contextmanager
    def workers_running(self) -> Iterator[None]:
        """One worker on SQLite, two on PostgreSQL; the first one's line can stand still."""
        with ExitStack() as stack:
            if not self._is_sqlite:
                path = socket_of(self._installation.database_url)
                self._relay = stack.enter_context(Relay(path))
            self._workers = (
                [self._start(0)] if self._is_sqlite else [self._start(0), self._start(1)]
            )
            yield
            stop_all(*self._workers)
            self._crew.end_all()

    def kinds(self) -> list[Callable[[], None]]:
        """All kinds of trouble that this database can have."""
        kinds = [
            self.kill_a_worker,
            self.kill_in_the_gap,
            self.freeze_a_worker,
            self.lose_an_answer,
            self.slow_an_upload,
            self.step_the_clock,
            self.kill_infor,
        ]
        return [*kinds, self.lock_the_database if self._is_sqlite else self.cut_the_database_off]

    def make(self, count: int, documents: int) -> None:
        """Make trouble `count` times, every kind in turn in a random order; documents come in."""
        left: list[Callable[[], None]] = []
        for number in range(count):
            if not left:
                left = self.kinds()
                self._random.shuffle(left)
            kind = left.pop()
            self.told.append(kind.__name__)
            come = documents * (number + 1) // count - documents * number // count
            self._installation.export(come, size=40_000)
            self._wait_for_progress()
            kind()

    def kill_a_worker(self) -> None:
        self._kill(self._random.randrange(len(self._workers)))

    def kill_in_the_gap(self) -> None:
        """Kill whoever makes the next call, when Infor has taken it and before the answer.

        One document more comes in once the wire watches, so that a call is sure to be made.
        """
        taken, killed = threading.Event(), threading.Event()

        def take(call: Call) -> None:
            call.forward(call.read())
            taken.set()
            killed.wait(20)
            call.cut()

        self._wire.on(self._random.choice((CREATE, PUBLISH)), take)
        self._installation.export(1, size=40_000)
        if taken.wait(60):
            for number in range(len(self._workers)):
                self._kill(number)
            self.in_the_gap += 1
        killed.set()

    def freeze_a_worker(self) -> None:
        worker = self._random.choice(self._workers)
        worker.freeze()
        self._last(self._random.uniform(5, LONGEST))
        worker.thaw()

    def lose_an_answer(self) -> None:
        """Cut a call off: before it reaches Infor, after, or while it is still on its way."""
        late = self._random.choice((-1.0, 0.0, self._random.uniform(1, 50)))

        def lose(call: Call) -> None:
            body = call.read()
            if late == 0.0:
                call.forward(body)
            call.cut()
            if late > 0.0:
                lets_go = time.monotonic() + PROPORTION.of(60)
                self._last(late)
                self._wire.forward_late(call, body, by=lets_go)

        self._wire.on(self._random.choice((CREATE, PUBLISH)), lose)

    def slow_an_upload(self) -> None:
        seconds = PROPORTION.of(self._random.uniform(20, LONGEST * 2 / 3))
        self._wire.on(CREATE, lambda call: call.answer(*call.forward(call.read(seconds))))

    def step_the_clock(self) -> None:
        """Ten minutes on, or back, for all workers; never behind the clock of the test itself."""
        step = PROPORTION.of(600)
        self._shift += self._random.choice((step, -step)) if self._shift > 0 else step
        clock_of(self._installation.folder).write_text(str(self._shift))

    def kill_infor(self) -> None:
        self._infor.kill_and_start()

    def lock_the_database(self) -> None:
        with faults.locked(self._installation.folder / "ionport.db"):
            self._last(self._random.uniform(5, 40))

    def cut_the_database_off(self) -> None:
        """Let the line between the first worker and PostgreSQL stand still."""
        assert self._relay is not None
        self._relay.stand_still()
        self._last(self._random.uniform(5, LONGEST))
        self._relay.flow()

    def _start(self, number: int) -> Worker:
        url = self._installation.database_url
        if number == 0 and self._relay is not None:
            url = through(url, self._relay.port)
        return self._crew.start(self._installation.folder, url)

    def _kill(self, number: int) -> None:
        self._workers[number].kill()
        self._workers[number] = self._start(number)

    def _last(self, production_seconds: float) -> None:
        self._waiting.wait(PROPORTION.of(production_seconds))

    def _wait_for_progress(self) -> None:
        wanted = self._effects() + self._random.randint(1, 3)
        until(lambda: self._effects() >= wanted, seconds=PROPORTION.of(45), pause=0.01)

    def _effects(self) -> int:
        """How many calls have had an effect at Infor."""
        counts = self._infor.counts
        return sum(counts.items().values()) + sum(counts.arrivals().values())


def finish(ledger: Ledger) -> None:
    """Assert that everything is delivered, the trouble being over, and that it goes on until then.

    The machine may do other work: what counts is that something is delivered all the time.
    """
    while not ledger.all_delivered():
        before = ledger.statuses()["delivered"]
        goes_on = until(
            lambda before=before: ledger.all_delivered() or ledger.statuses()["delivered"] > before,
            pause=0.1,
        )
        assert goes_on, ledger.unfinished()
