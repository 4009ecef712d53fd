"""Something that runs beside the test's own transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import text

from ionport.store import Database
from tests.support.patience import PATIENCE

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class Beside:
    """Something in a thread of its own; an error of it is an error of the test."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(action,), daemon=True)
        self._thread.start()

    def _run(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 raised by `ends`
            self._error = error

    def ends(self, seconds: float = PATIENCE) -> bool:
        self._thread.join(seconds)
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()

    def ends_or_waits(self, database: Database) -> None:
        """Return when it has ended, or waits for a lock of PostgreSQL."""
        end = time.monotonic() + PATIENCE
        while not self.ends(0.02) and time.monotonic() < end:
            with database.engine.connect() as connection:
                if connection.scalar(_WAITING):
                    return
