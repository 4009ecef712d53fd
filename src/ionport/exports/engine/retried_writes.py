"""Writes that must not be lost, repeated while the database cannot be reached or is busy."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ionport.store import DATABASE_AWAY, Database, Work

_logger = logging.getLogger(__name__)
T = TypeVar("T")


def write_with_retries(
    database: Database,
    record: Callable[[Work], T],
    *,
    seconds: float,
    stopping: threading.Event,
) -> T:
    """Run `record` in a transaction, again and again for up to `seconds` while it cannot commit.

    Raises what the database raised last, at once when the process is stopping.
    """
    give_up = time.monotonic() + seconds
    pause = 0.05
    while True:
        try:
            with database.write() as work:
                return record(work)
        except DATABASE_AWAY:
            if time.monotonic() >= give_up or stopping.is_set():
                raise
            _logger.warning("the database does not take what must be written; trying again")
        time.sleep(pause)
        pause = min(2 * pause, 2.0)
