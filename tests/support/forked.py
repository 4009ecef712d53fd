"""Servers in processes of their own, made cheaply: a start costs a fork instead of seconds.

What they serve, keep and print is what `python -m ionport` does. It is not a start in every
respect: modules are imported already, and a new SQLite database is a copy of one that was migrated
(`tests.support.prepared_schema`). A test whose promise is the start itself makes one in earnest.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.support.prepared_schema import in_place_of_slow_steps

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.support.warm"])


@dataclass(frozen=True, slots=True)
class Forked:
    """A process with the methods of `subprocess.Popen` that tests of servers need."""

    process: ForkServerProcess

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        return self.process.exitcode

    def wait(self, timeout: float) -> int:
        """Wait for its end; return the exit status, negative when a signal ended it."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(self.process.name, timeout)
        return self.process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None and self.process.pid is not None:
            os.kill(self.process.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_ionport(
    arguments: Sequence[str], environment: Mapping[str, str], output: Path, log: Path
) -> Forked:
    """Run a command of ionport; what it prints and what it logs are added to two files."""
    return run(_ionport, environment, output, log, *arguments)


def run(
    function: Callable[..., None],
    environment: Mapping[str, str],
    output: Path,
    log: Path,
    *arguments: str,
) -> Forked:
    """Run a function of a module, with these environment variables besides ours."""
    together = {**os.environ, **environment}
    for path in (output, log):
        path.touch()
    process = _CONTEXT.Process(
        target=_become, args=(function, together, output, log, arguments), name=log.stem
    )
    process.start()
    return Forked(process)


def _become(
    function: Callable[..., None],
    environment: Mapping[str, str],
    output: Path,
    log: Path,
    arguments: Sequence[str],
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for stream, path in ((sys.stdout, output), (sys.stderr, log)):
        with path.open("ab") as file:
            os.dup2(file.fileno(), stream.fileno())
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with in_place_of_slow_steps():
        function(*arguments)


def _ionport(*arguments: str) -> None:
    from ionport.cli import main

    main(arguments, prog_name="ionport")
