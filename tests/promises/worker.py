"""Processes of both sides, made cheaply: a start costs a fork instead of seconds.

`python -m tests.promises.worker` imports everything once and then makes a copy of itself for each
line on its input, a JSON object of environment variables: a worker that runs deliveries as
`ionport worker` does, with production's times in proportion, or a server of either side. It answers
with the process id. When its input ends, so do all that it made.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import event

from ionport.application import open_application
from ionport.cli.serving.schema_watch import SchemaWatch
from ionport.cli.serving.server import RunningServer, running
from ionport.connections import tokens
from ionport.core.clock import SystemClock
from ionport.documents.bulk import runner
from ionport.ionapi.tokens import auth
from ionport.observe.logs import configure_logging
from ionport.settings import Side
from ionport.settings_reading import load_settings
from ionport.store import Database
from tests.promises.proportion import BUSY_SECONDS, Proportion
from tests.support import sides

_IMPORTED_WHEN_USED = ("asyncssh", "ionport.exports.engine.queues.dbos_queue", "smbclient")


class SteppedClock(SystemClock):
    """The machine's clocks, the wall's moved by what a file holds: a step is a write to it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        try:
            seconds = float(self._path.read_text())
        except (OSError, ValueError):
            seconds = 0.0
        return datetime.now(UTC) + timedelta(seconds=seconds)


def serve_infor() -> None:
    """Serve the Infor side as `ionport up` does, until SIGTERM."""
    configure_logging(level="WARNING")
    server = RunningServer(load_settings(side=Side.INFOR, sandbox=True))
    print(f"ready on {server.url}", flush=True)
    server.run()


def serve_documents() -> None:
    """Serve the document side, its deliveries run too, until SIGTERM."""
    configure_logging(level="WARNING")
    runner.SILENCE = timedelta(seconds=Proportion().of(runner.SILENCE.total_seconds()))
    settings = load_settings(side=Side.DOCUMENTS)
    server = RunningServer(settings, timing=sides.QUICK, options=sides.PROMPT)
    print(f"ready on {server.url}", flush=True)
    server.run()


def run_deliveries() -> None:
    """Run deliveries as `ionport worker` does, until SIGTERM or the schema changes."""
    # Waited for by `sigwait`, which faketime does not touch; all threads inherit it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    proportion = Proportion(float(os.environ["IONPORT_TEST_FACTOR"]))
    settings = load_settings(side=Side.DOCUMENTS)
    configure_logging(level="WARNING")
    clock = SteppedClock(Path(os.environ["IONPORT_TEST_CLOCK"]))
    application = open_application(settings, clock=clock, timing=proportion.timing)
    _wait_less(application.database, proportion.of(BUSY_SECONDS))
    for module, name in ((tokens, "LONGEST_RENEWAL"), (auth, "LONGEST_WAIT")):
        setattr(module, name, proportion.of(getattr(module, name)))
    engine = application.delivery_engine(proportion.options)
    watch = SchemaWatch(application.database, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with running([engine, watch], application.close):
        print("ready", flush=True)
        signal.sigwait({signal.SIGTERM})
    watch.require_unchanged()
    print("ended", flush=True)


def _wait_less(database: Database, seconds: float) -> None:
    """Let SQLite give up on a lock in proportion, too."""
    if not database.is_sqlite:
        return
    database.engine.dispose()

    def prepare(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")  # type: ignore[attr-defined]

    event.listen(database.engine, "connect", prepare)


def _sleep(seconds: float) -> None:
    """Take the place of `time.sleep` under Debian's faketime 0.9.10.

    That does not fake CLOCK_MONOTONIC when it is told so, and then refuses every sleep until a
    moment of that clock, which is how Python sleeps.
    """
    threading.Event().wait(seconds)


def serve() -> None:
    """Make processes until the input ends, then end them."""
    if "FAKETIME_TIMESTAMP_FILE" in os.environ:
        time.sleep = _sleep
    for name in _IMPORTED_WHEN_USED:
        importlib.import_module(name)
    pids = []
    # Nobody asks for the exit status: the kernel may forget ended workers.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line))
        pids.append(pid)
        print(pid, flush=True)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _become(environment: dict[str, str]) -> None:
    roles = {
        "deliveries": run_deliveries,
        "infor": serve_infor,
        "documents": serve_documents,
    }
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(0)
        log = os.open(environment.pop("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        faulthandler.register(signal.SIGUSR1)
        os.environ.update(environment)
        roles[environment["IONPORT_TEST_ROLE"]]()
        status = 0
    except Exception:
        logging.getLogger(__name__).exception("the worker ended")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve()
