"""The background tick of a server: deletes what is over, in small bites."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from ionport.store import Database

_EVERY_SECONDS = 60.0
_PAUSE_BETWEEN_BITES = 0.05

_logger = logging.getLogger(__name__)


class Task(Protocol):
    """Something that deletes what is over."""

    def tidy(self, database: Database) -> int:
        """Delete one bite and return how much it was; 0 when nothing is left."""
        ...


class Housekeeping:
    """Runs the tasks once a minute, in a thread of its own."""

    def __init__(
        self, database: Database, *tasks: Task, every_seconds: float = _EVERY_SECONDS
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._every = every_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def launch(self) -> None:
        """Start ticking."""
        self._thread.start()

    def close(self) -> None:
        """Finish the bite that is under way, and stop."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            for task in self._tasks:
                self._do(task)

    def _do(self, task: Task) -> None:
        try:
            while not self._stopping.wait(_PAUSE_BETWEEN_BITES):
                if task.tidy(self._database) == 0:
                    return
        except Exception:
            # Whatever it was: what is over is still over at the next tick, and the other tasks
            # do not wait for this one.
            _logger.exception("the clean-up broke off: %s", type(task).__name__)
