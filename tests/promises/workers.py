"""Workers in processes of their own that can be killed, frozen and thawed."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.promises.proportion import FACTOR
from tests.support.sides import until


@dataclass(frozen=True, slots=True)
class Worker:
    """A running process. Its log is for people who look into a failed test."""

    pid: int
    log: Path

    def kill(self) -> None:
        """SIGKILL, whether it is frozen or not."""
        self._signal(signal.SIGKILL)
        assert until(lambda: not self.is_alive, pause=0.005)

    def freeze(self) -> None:
        """SIGSTOP: no thread of it runs; its kernel goes on sending what it has."""
        os.kill(self.pid, signal.SIGSTOP)

    def freeze_at_rest(self) -> None:
        """Freeze it when every thread waits for something: an answer, a lock, a time."""
        tasks = Path(f"/proc/{self.pid}/task")

        def rests() -> bool:
            return all(
                (task / "stat").read_text().rpartition(")")[2].split()[0] == "S"
                for task in tasks.iterdir()
            )

        assert until(lambda: rests() and rests(), pause=0.002)
        self.freeze()

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self, seconds: float = 120) -> None:
        """SIGTERM; waits until the calls under way are over and the process has ended."""
        self.terminate()
        assert until(lambda: not self.is_alive, seconds=seconds, pause=0.02), self.stacks()

    def terminate(self) -> None:
        """SIGTERM alone."""
        self._signal(signal.SIGTERM)

    @property
    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-6_000:]

    def stacks(self) -> str:
        """The end of its log, with what each of its threads does now."""
        self._signal(signal.SIGUSR1)
        until(lambda: "most recent call first" in self.tail(), seconds=1)
        return self.tail()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def stop_all(*workers: Worker) -> None:
    """Stop workers, all at once."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.stop()


_numbers = itertools.count(1)
# Threads that start workers at once must not read each other's answers.
_ASKING = threading.Lock()


class Workers:
    """Makes workers, and Infor sides, from a process of `imported`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._made: list[Worker] = []

    def start(
        self,
        folder: Path,
        database_url: str = "",
        *,
        factor: float = FACTOR,
        is_awaited: bool = True,
    ) -> Worker:
        """Start a worker on a data folder, and wait until it runs deliveries if that is awaited.

        Its wall clock is the machine's and the seconds in the file `clock_of` the folder.
        """
        environment = {
            "IONPORT_TEST_ROLE": "deliveries",
            "IONPORT_TEST_FACTOR": str(factor),
            "IONPORT_TEST_CLOCK": str(clock_of(folder)),
            "IONPORT_DATABASE_URL": database_url,
        }
        return self._start(folder, environment, is_awaited=is_awaited)

    def start_infor(self, folder: Path, port: int) -> Worker:
        """Start an Infor side on a data folder and wait until it serves the port."""
        environment = {
            "IONPORT_TEST_ROLE": "infor",
            "IONPORT_PORT": str(port),
            "IONPORT_DATABASE_URL": "",
        }
        return self._start(folder, environment)

    def start_documents(
        self, folder: Path, database_url: str, port: int, *, is_awaited: bool = True
    ) -> Worker:
        """Start a server of the document side, and wait until it serves if that is awaited.

        Programs may call it as often as they like.
        """
        environment = {
            "IONPORT_TEST_ROLE": "documents",
            "IONPORT_API_CALLS_PER_MINUTE": "100000",
            "IONPORT_PORT": str(port),
            "IONPORT_DATABASE_URL": database_url,
        }
        return self._start(folder, environment, is_awaited=is_awaited)

    def end_all(self) -> None:
        """Kill what still runs."""
        for worker in self._made:
            worker.kill()
        self._made.clear()

    def _start(
        self, folder: Path, environment: Mapping[str, str], *, is_awaited: bool = True
    ) -> Worker:
        log = folder.with_name(f"{folder.name}-{next(_numbers)}.log")
        line = json.dumps({**environment, "IONPORT_DATA": str(folder), "log": str(log)})
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with _ASKING:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            worker = Worker(int(self._process.stdout.readline()), log)
            self._made.append(worker)
        is_ready = not is_awaited or until(
            lambda: log.exists() and "ready" in log.read_text(errors="replace"),
            pause=0.02,
        )
        assert is_ready, worker.tail()
        return worker


def clock_of(folder: Path) -> Path:
    """Return the file that steps the wall clock of the workers of a data folder."""
    return folder.with_name(f"{folder.name}.clock")


def faketime_environment(offset: Path) -> dict[str, str]:
    """Environment variables that step a whole process's wall clock, and no other, by a file.

    `offset` holds `+SECONDS`. Empty where Debian's faketime is not installed.
    """
    found = sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
    if not found:
        return {}
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@contextmanager
def imported(environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run `tests.promises.worker` with these environment variables; what it makes ends with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.promises.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        process.communicate(timeout=120)
