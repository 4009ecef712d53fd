"""One invoice never becomes two items in IDM: not when a worker sleeps, is cut off, or time jumps.

All times are production's, shortened by one factor (`proportion.py`); the seconds in the tests
are those of production.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.promises.conftest import Installer
from tests.promises.counting import Infor, Ledger, assert_posted_exactly_once
from tests.promises.infor import Target
from tests.promises.installation import Installation, socket_of, through
from tests.promises.proportion import Proportion
from tests.promises.wire import CREATE, LOG_IN, Relay, Wire
from tests.promises.workers import (
    Worker,
    Workers,
    clock_of,
    faketime_environment,
    imported,
    stop_all,
)
from tests.support.intermediary import Call
from tests.support.sides import PATIENCE, until

PROPORTION = Proportion()
# For frozen workers, whose takeover is waited for: none of their calls takes Infor long.
TAKEOVER_PROPORTION = Proportion(1 / 60)


def start(crew: Workers, installation: Installation) -> Worker:
    """Start a worker that others take over from soon."""
    factor = TAKEOVER_PROPORTION.factor
    return crew.start(installation.folder, installation.database_url, factor=factor)


def items_of(infor: Infor, ledger: Ledger) -> int:
    found = infor.items()
    return sum(found[key] for key in ledger.correlation_ids())


def test_a_worker_that_slept_in_its_login_does_not_repeat_its_create(
    target: Target, install: Installer, crew: Workers
) -> None:
    frozen = threading.Event()

    with Wire(target.url) as wire:
        installation = install("postgresql", target.credentials_through(wire))
        installation.export(1)
        ledger = installation.ledger

        def revoked_meanwhile(call: Call) -> None:
            body = call.read()
            wire.on(LOG_IN, frozen_in_login)
            target.revoke(call.bearer)
            call.answer(*call.forward(body))

        def frozen_in_login(call: Call) -> None:
            body = call.read()
            sleeper.freeze_at_rest()
            call.answer(*call.forward(body))
            frozen.set()

        wire.on(CREATE, revoked_meanwhile)
        sleeper = start(crew, installation)
        assert frozen.wait(PATIENCE)
        other = start(crew, installation)
        assert until(lambda: items_of(target.counts, ledger) == 1, PATIENCE), what_is(ledger, other)
        sleeper.thaw()
        assert until(ledger.all_delivered, PATIENCE), ledger.unfinished()
        stop_all(sleeper, other)

        assert_posted_exactly_once(target.counts, ledger)


def test_a_worker_cut_off_from_its_database_creates_nothing_beside_another_worker(
    target: Target, install: Installer, crew: Workers
) -> None:
    uploaded = threading.Event()

    with Wire(target.url, receive_buffer=65_536) as wire:
        installation = install("postgresql", target.credentials_through(wire))
        installation.export(1, size=8_000_000)
        ledger = installation.ledger
        with Relay(socket_of(installation.database_url)) as relay:

            def slow_line(call: Call) -> None:
                relay.stand_still()
                try:
                    call.answer(*call.forward(call.read(seconds=PROPORTION.of(105))))
                finally:
                    # A machine that does other work may be too slow: then it was called back.
                    uploaded.set()

            wire.on(CREATE, slow_line)
            crew.start(installation.folder, through(installation.database_url, relay.port))
            assert until(lambda: wire.count(CREATE) == 1, PATIENCE)
            other = crew.start(installation.folder, installation.database_url)
            assert uploaded.wait(PATIENCE)
            assert until(ledger.all_delivered, PATIENCE), what_is(ledger, other)
            other.stop()

            assert_posted_exactly_once(target.counts, ledger)
            crew.end_all()


def late_after_a_step(
    kind: str, target: Target, install: Installer, crew: Workers, step: Callable[[Path], None]
) -> None:
    """Lose the answer of a create, step the clock, and let the create arrive after that."""
    waiting, arrived = threading.Event(), threading.Event()

    with Wire(target.url) as wire:
        installation = install(kind, target.credentials_through(wire))
        installation.export(1)

        def lost_and_late(call: Call) -> None:
            body = call.read()
            call.cut()
            lets_go = time.monotonic() + PROPORTION.of(60)
            waiting.wait(PROPORTION.of(4))
            step(installation.folder)
            until(lambda: wire.count(CREATE) > 1, PROPORTION.of(50 - 4))
            wire.forward_late(call, body, by=lets_go)
            arrived.set()

        wire.on(CREATE, lost_and_late)
        worker = crew.start(installation.folder, installation.database_url)
        assert arrived.wait(PATIENCE)
        assert until(installation.ledger.all_delivered, PATIENCE), installation.ledger.unfinished()
        worker.stop()

        assert_posted_exactly_once(target.counts, installation.ledger)


# Ten minutes on, and back.
STEPS = [
    (kind, seconds)
    for kind in ("sqlite", *(["postgresql"] if "IONPORT_CHAOS_DOCUMENTS" in os.environ else []))
    for seconds in ("+600", "-600")
]


@pytest.mark.parametrize(("kind", "seconds"), STEPS)
def test_a_step_of_the_clock_does_not_make_a_lost_create_certain(
    kind: str, seconds: str, target: Target, install: Installer, crew: Workers
) -> None:
    late_after_a_step(kind, target, install, crew, lambda folder: step(clock_of(folder), seconds))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workers, Path]]:
    """Workers of a machine of their own, and the file that steps its clock."""
    offset = tmp_path_factory.mktemp("machine") / "offset"
    offset.write_text("+0")
    environment = faketime_environment(offset)
    if not environment:
        pytest.skip("faketime is not installed (apt install faketime)")
    with imported(environment) as process:
        yield Workers(process), offset


@pytest.mark.parametrize(("kind", "seconds"), STEPS)
def test_a_step_of_the_machines_clock_does_not_make_a_lost_create_certain(
    kind: str, seconds: str, target: Target, install: Installer, machine: tuple[Workers, Path]
) -> None:
    crew, offset = machine
    step(offset, "+0")
    late_after_a_step(kind, target, install, crew, lambda _folder: step(offset, seconds))
    crew.end_all()


def step(file: Path, offset: str) -> None:
    """Write an offset so that nobody reads half of it."""
    new = file.with_suffix(".new")
    new.write_text(offset)
    new.replace(file)


def test_bytes_left_in_the_kernel_of_a_frozen_worker_do_not_arrive_after_a_takeover(
    target: Target, install: Installer, crew: Workers
) -> None:
    held, taken_over = threading.Event(), threading.Event()
    ended = threading.Event()

    with Wire(target.url, receive_buffer=65_536) as wire:
        installation = install("postgresql", target.credentials_through(wire))
        installation.export(1, size=600_000)
        ledger = installation.ledger

        def not_read(call: Call) -> None:
            try:
                # What is under way has left the worker's program when its kernel holds the rest.
                held.set()
                taken_over.wait(PATIENCE * 2)
                call.answer(*call.forward(call.read()))
            finally:
                ended.set()

        wire.on(CREATE, not_read)
        sleeper = start(crew, installation)
        assert held.wait(PATIENCE)
        sleeper.freeze_at_rest()
        other = start(crew, installation)
        assert until(lambda: items_of(target.counts, ledger) == 1, PATIENCE), what_is(ledger, other)
        taken_over.set()
        assert ended.wait(PATIENCE)
        sleeper.thaw()
        assert until(ledger.all_delivered, PATIENCE), ledger.unfinished()
        stop_all(sleeper, other)

        assert_posted_exactly_once(target.counts, ledger)


def what_is(ledger: Ledger, worker: Worker) -> str:
    """What a failed test shows."""
    attempts = ledger.rows(
        "SELECT step, number, state, worker_id, sent_at, history FROM delivery_attempts"
    )
    deliveries = ledger.rows("SELECT * FROM deliveries")
    return "\n".join(map(str, (*deliveries, *attempts, worker.stacks())))
