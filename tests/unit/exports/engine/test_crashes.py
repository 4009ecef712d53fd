"""A small crash test in one process: die at every border of a transaction, come back, count.

The big one, with SIGKILL and processes, is in tests/promises.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest

from ionport.exports.engine.schedule import Schedule
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.model import AttemptState, DeliveryStatus, OutcomeKind, StepKind
from ionport.store import Database, SystemScope, Work
from tests.support.exporting import QUICK, DocumentSide, was_unknown
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.on_each_database


class Crash(BaseException):
    """The process is gone: nothing that handles errors may handle this."""


class CrashingDatabase(Database):
    """Dies at the n-th border of a transaction: before it begins, or after it has committed."""

    def __init__(self, database: Database, fatal: int) -> None:
        self.__dict__.update(database.__dict__)
        self._left = fatal

    def _border(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Crash

    @contextmanager
    def write(self) -> Iterator[Work]:
        self._border()
        with super().write() as work:
            yield work
        self._border()

    @contextmanager
    def read(self) -> Iterator[Work]:
        self._border()
        with super().read() as work:
            yield work


def come_back(side: DocumentSide) -> None:
    """What a new process does first on a database of its own."""
    Schedule(side.database, side.clock, QUICK, "wrk_new").begin(is_alone=True)


def finish(walk: Walk, delivery_id: str) -> None:
    runner = walk.side.runner(QUICK)
    for _ in range(100):
        outcome = walk.run(runner, delivery_id)
        if outcome.kind is OutcomeKind.DONE:
            break
        walk.clock.advance(timedelta(seconds=1))
    runner.close()


def test_wherever_a_process_dies_there_is_one_item_and_one_message(walk: Walk):
    lost_answers = 0
    for fatal in range(100):
        delivery_id = walk.exported(f"crash-{fatal}")
        real = walk.side.database
        walk.side.database = CrashingDatabase(real, fatal)
        runner = walk.side.runner(QUICK)
        try:
            survived = runner.run(delivery_id).kind is OutcomeKind.DONE
        except Crash:
            survived = False
        walk.side.database = real
        # The process that is gone stores nothing more; its sockets are closed.
        with suppress(Crash):
            runner.close()
        if not survived:
            come_back(walk.side)
            finish(walk, delivery_id)
        detail = walk.side.detail(delivery_id)
        assert detail.delivery.status is DeliveryStatus.DELIVERED, fatal
        assert walk.side.status(detail.delivery.document_id) == "exported"
        assert len(walk.items(detail)) == 1, fatal
        (message,) = walk.messages(detail)
        publishes = [a for a in detail.attempts if a.step is StepKind.ION_PUBLISH]
        assert message.arrivals <= 1 + sum(was_unknown(a) for a in publishes), fatal
        assert message.findings == (), fatal
        assert all(a.state is not AttemptState.SENT for a in detail.attempts), fatal
        lost_answers += sum(was_unknown(a) for a in detail.attempts)
        if survived:
            break
    else:
        pytest.fail("every run crashed")
    assert fatal >= 14, "there are at least that many borders"
    # After the commit of `sent` and again before the commit of the answer, for both writes.
    assert lost_answers >= 4


def test_a_new_process_takes_up_at_once_what_a_dead_one_held(walk: Walk):
    delivery_id = walk.exported()
    with walk.side.database.write() as work:
        assert PassRepository(work.connection).claim(
            SystemScope("test"), delivery_id, 1, "wrk_dead", now=walk.clock.now()
        )
    runner = walk.side.runner(QUICK)
    assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
    come_back(walk.side)
    assert runner.run(delivery_id).kind is OutcomeKind.DONE
    runner.close()
