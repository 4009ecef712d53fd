"""Time comes from here, so that tests and the sandbox's control plane can move it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a service reads the time."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class MovableClock:
    """A clock that stands at `moment`, or runs from it with an offset; for tests and sandbox."""

    def __init__(self, moment: datetime | None = None) -> None:
        self._frozen = moment
        self._offset = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return (self._frozen or datetime.now(UTC)) + self._offset

    def advance(self, by: timedelta) -> None:
        """Move the clock by `by`."""
        with self._lock:
            self._offset += by
