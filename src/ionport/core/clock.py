"""Time comes from here, so that tests and the sandbox's control plane can move it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

# Linux counts suspended time on a clock of its own; elsewhere the steady clock has to do.
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Where a service reads the time."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        ...


class BootClock(Clock, Protocol):
    """A clock that also counts: `boot` is not changed by a step of the wall clock or a suspend."""

    def boot(self) -> float:
        """Return the seconds since the machine was started, suspended time included.

        Comparable on one machine and between two starts of it only.
        """
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def boot(self) -> float:
        return time.clock_gettime(_BOOT)


class MovableClock:
    """A clock that stands at `moment`, or runs from it with an offset; for tests and sandbox."""

    def __init__(self, moment: datetime | None = None) -> None:
        self._frozen = moment
        self._offset = timedelta()
        self._passed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return (self._frozen or datetime.now(UTC)) + self._offset

    def boot(self) -> float:
        with self._lock:
            base = 0.0 if self._frozen else time.clock_gettime(_BOOT)
            return base + self._passed

    def advance(self, by: timedelta) -> None:
        """Let time pass: both clocks go on by `by`."""
        with self._lock:
            self._offset += by
            self._passed += by.total_seconds()

    def step(self, by: timedelta) -> None:
        """Set the wall clock ahead or back by `by`; no time passes."""
        with self._lock:
            self._offset += by
