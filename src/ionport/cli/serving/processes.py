"""Several server processes on one address: `ionport up --workers`.

The first process listens, starts the others with its socket, and starts one anew that has ended.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final

from ionport.settings import Settings

# The pause between two starts of a process, so that one that cannot start does not use a whole
# core.
_REST_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.2
_logger = logging.getLogger(__name__)


def serve_in_processes(settings: Settings, listener: socket.socket, number: int) -> None:
    """Serve in `number` processes until SIGINT or SIGTERM; each finishes what it is at.

    `settings` are those of the first process, with the port that `listener` has.
    """
    stopping = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda _number, _frame: stopping.set())
    # A pipe that is never written to: its other end sees that this process has ended, however it
    # ended.
    reading, writing = os.pipe()
    arguments = _arguments(settings, listener.fileno(), reading)
    running = [_start(arguments, listener.fileno(), reading) for _ in range(number)]
    begun = [time.monotonic()] * number
    while not stopping.wait(_LOOK_SECONDS):
        for place, process in enumerate(running):
            if process.poll() is not None and time.monotonic() - begun[place] > _REST_SECONDS:
                _logger.error("a server process ended with status %s", process.returncode)
                begun[place] = time.monotonic()
                running[place] = _start(arguments, listener.fileno(), reading)
    for process in running:
        process.terminate()
    for process in running:
        process.wait()
    os.close(writing)
    os.close(reading)


def stop_with(descriptor: int) -> None:
    """Stop this process as SIGTERM does once the other end of a pipe is closed."""

    def watch() -> None:
        os.read(descriptor, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="first-process", daemon=True).start()


def _arguments(settings: Settings, listener: int, first_process: int) -> list[str]:
    return [
        *(sys.executable, "-m", "ionport", "--data", str(settings.data), "up"),
        *("--side", settings.side.value, "--host", settings.host, "--port", str(settings.port)),
        *(["--sandbox"] if settings.sandbox else []),
        *("--listener", str(listener), "--first-process", str(first_process)),
    ]


def _start(arguments: Sequence[str], *descriptors: int) -> subprocess.Popen[bytes]:
    # Ctrl+C is for the first process, which stops the others.
    return subprocess.Popen(arguments, pass_fds=descriptors, process_group=0)  # noqa: S603
