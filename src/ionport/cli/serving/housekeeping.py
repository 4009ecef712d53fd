"""The background tick of a server: deletes ended rows and files, in small batches."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from ionport.store import Database

_EVERY_SECONDS = 60.0
_PAUSE_BETWEEN_BITES = 0.05

_logger = logging.getLogger(__name__)


class Task(Protocol):
    """Something that deletes ended rows or files."""

    def tidy(self, database: Database) -> int:
        """Delete one batch and return how many it was; 0 when nothing is left."""
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
        """Finish the batch that is under way, and stop."""
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
            # The next tick tries again, and the other tasks do not wait for this one.
            _logger.exception("the clean-up broke off: %s", type(task).__name__)
