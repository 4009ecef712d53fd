"""`ionport up --workers`: its processes end one after the other, and every invoice arrives once.

For `make chaos` alone: processes start in earnest, and what a killed one had under way is taken
over by production's times, after minutes.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from tests.promises.conftest import Installer
from tests.promises.counting import assert_posted_exactly_once
from tests.promises.infor import Target
from tests.promises.installation import Installation
from tests.promises.wire import CREATE, PUBLISH, Wire
from tests.support import sides
from tests.support.intermediary import Call
from tests.support.ports import free_port
from tests.support.sides import PATIENCE, until

pytestmark = pytest.mark.skipif(
    "IONPORT_CHAOS_DOCUMENTS" not in os.environ, reason="takes minutes: make chaos"
)
PROCESSES = 3
DOCUMENTS = 60
# Longer than `send_within`, `call_total` and the time to settle together.
TAKEOVER = 300.0


def serve(installation: Installation, port: int) -> sides.Process:
    """Start `ionport up --workers` in earnest."""
    options = ["--side", "documents", "--port", str(port), "--workers", str(PROCESSES)]
    environment = {
        "IONPORT_DATA": str(installation.folder),
        "IONPORT_DATABASE_URL": installation.database_url.replace("+psycopg", ""),
        "IONPORT_LOG_LEVEL": "WARNING",
    }
    log = installation.folder.with_name("up.log")
    return sides.start(["-m", "ionport", "up", *options], environment, log)


def children(process: sides.Process) -> set[int]:
    pid = process.popen.pid  # type: ignore[union-attr]
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def is_replaced(process: sides.Process, gone: int) -> bool:
    now = children(process)
    return gone not in now and len(now) == PROCESSES


def slowly(call: Call) -> None:
    """Let a call take long enough that some are under way at any time."""
    answer = call.forward(call.read())
    threading.Event().wait(0.2)
    call.answer(*answer)


def test_restarting_process_after_process_loses_and_doubles_nothing(
    target: Target, install: Installer
) -> None:
    with Wire(target.url) as wire:
        installation = install("postgresql", target.credentials_through(wire))
        ledger, port = installation.ledger, free_port()
        installation.export(DOCUMENTS)
        for _number in range(2 * DOCUMENTS):
            wire.on(CREATE, slowly)
            wire.on(PUBLISH, slowly)
        process = serve(installation, port)
        try:
            for number, child in enumerate(sorted(children(process)), 1):
                share = number * DOCUMENTS // (2 * PROCESSES)
                assert until(lambda share=share: wire.count(CREATE) >= share, PATIENCE)
                os.kill(child, signal.SIGTERM)
                assert until(partial(is_replaced, process, child), PATIENCE)
            installation.export(DOCUMENTS)
            killed = min(children(process))
            assert until(lambda: wire.count(CREATE) > DOCUMENTS + PROCESSES, PATIENCE)
            os.kill(killed, signal.SIGKILL)
            assert until(partial(is_replaced, process, killed), PATIENCE)
            assert until(ledger.all_delivered, TAKEOVER + PATIENCE), ledger.unfinished()
            # The first one is killed: the others notice, end what they are at, and leave the port.
            left = children(process)
            installation.export(2)
            process.kill()
            assert until(lambda: not any(map(_runs, left)), PATIENCE)
            process = serve(installation, port)
            began = time.monotonic()
            assert until(ledger.all_delivered, PATIENCE), ledger.unfinished()
            # Nothing waited for a takeover: each had ended its calls.
            assert time.monotonic() - began < TAKEOVER / 4
        finally:
            process.stop()
        assert_posted_exactly_once(target.counts, ledger)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
