"""The background tick of a server: deletes what is over, in small bites."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from ionport.store import Database, Work

_EVERY_SECONDS = 60.0
_PAUSE_BETWEEN_BITES = 0.05

_logger = logging.getLogger(__name__)


class Sweep(Protocol):
    """Something that deletes what is over."""

    def sweep(self, work: Work) -> int:
        """Delete one bite and return how much it was; 0 when nothing is left."""
        ...


class Housekeeping:
    """Runs the sweeps once a minute, in a thread of its own."""

    def __init__(
        self, database: Database, *sweeps: Sweep, every_seconds: float = _EVERY_SECONDS
    ) -> None:
        self._database = database
        self._sweeps = sweeps
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
            try:
                self._tick()
            except SQLAlchemyError:
                # The database is away or busy; what is over is still over at the next tick.
                _logger.exception("the clean-up broke off")

    def _tick(self) -> None:
        for sweep in self._sweeps:
            while not self._stopping.wait(_PAUSE_BETWEEN_BITES):
                with self._database.write() as work:
                    if sweep.sweep(work) == 0:
                        break
