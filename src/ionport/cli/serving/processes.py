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
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from ionport.settings import Settings

# The pause between two starts of a process, so that one that cannot start does not use a whole
# core.
_REST_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.2
_logger = logging.getLogger(__name__)


def serve_in_processes(
    settings: Settings, listener: socket.socket, number: int, when_begun: Callable[[], None]
) -> None:
    """Serve in `number` processes until SIGINT or SIGTERM; each finishes what it is at.

    `settings` are those of the first process, with the port that `listener` has. `when_begun` is
    called once, as soon as one of the processes has begun.
    """
    stopping = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda _number, _frame: stopping.set())
    # The others write a byte when they have begun, and see that this process has ended, however it
    # ended: then their end is closed.
    own, others = socket.socketpair()
    own.setblocking(False)
    descriptors = listener.fileno(), others.fileno()
    arguments = _arguments(settings, *descriptors)
    running = [_start(arguments, *descriptors) for _ in range(number)]
    begun = [time.monotonic()] * number
    has_begun = False
    while not stopping.wait(_LOOK_SECONDS):
        if _was_told(own) and not has_begun:
            has_begun = True
            when_begun()
        for place, process in enumerate(running):
            if process.poll() is not None and time.monotonic() - begun[place] > _REST_SECONDS:
                _logger.error("a server process ended with status %s", process.returncode)
                begun[place] = time.monotonic()
                running[place] = _start(arguments, *descriptors)
    for process in running:
        process.terminate()
    for process in running:
        process.wait()
    own.close()
    others.close()


def _was_told(own: socket.socket) -> bool:
    try:
        return bool(own.recv(64))
    except BlockingIOError:
        return False


def tell_begun(descriptor: int) -> None:
    """Tell the first process that this one has begun."""
    # A first process that has ended stops this one, too.
    with suppress(OSError):
        os.write(descriptor, b".")


def stop_with(descriptor: int) -> None:
    """Stop this process as SIGTERM does once the first process has closed the other end."""

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
