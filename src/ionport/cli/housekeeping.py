"""The background tick of a server: deletes what is over, in small bites."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import DBAPIError

from ionport.oauth.clean_up import CleanUp
from ionport.store import Database

_EVERY_SECONDS = 60.0
_PAUSE_BETWEEN_BITES = 0.05

_logger = logging.getLogger(__name__)


class Housekeeping:
    """Runs the clean-up once a minute, in a thread of its own."""

    def __init__(
        self, database: Database, clean_up: CleanUp, *, every_seconds: float = _EVERY_SECONDS
    ) -> None:
        self._database = database
        self._clean_up = clean_up
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
            except DBAPIError:
                # The database is away or busy; what is over is still over at the next tick.
                _logger.exception("the clean-up broke off")

    def _tick(self) -> None:
        while not self._stopping.wait(_PAUSE_BETWEEN_BITES):
            with self._database.write() as work:
                if self._clean_up.sweep(work) == 0:
                    return
