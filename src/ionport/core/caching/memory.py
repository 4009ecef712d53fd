"""What a process remembers of the database for a short time, emptied when it changes something."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import FIFOCache

Value = TypeVar("Value")


class ShortMemory(Generic[Value]):
    """A bounded memory of what the database said; thread safe, the oldest goes first.

    Args:
        monotonic: a clock in seconds that never goes back.
        seconds: how long a value counts, from when the database was asked for it.
        most: so many values are kept.
    """

    def __init__(self, monotonic: Callable[[], float], *, seconds: float, most: int) -> None:
        self._monotonic = monotonic
        self._seconds = seconds
        self._lock = threading.Lock()
        self._values: FIFOCache[Hashable, tuple[float, Value]] = FIFOCache(most)
        self._epoch = 0

    def recall(self, key: Hashable) -> Value | None:
        """Return what is remembered under `key`. Never waits for the lock: each call asks."""
        try:
            until, value = self._values[key]
        except KeyError:
            return None
        return value if self._monotonic() < until else None

    def get(self, key: Hashable, load: Callable[[], Value]) -> Value:
        """Return what is remembered under `key`, else what `load` gets from the database."""
        value = self.recall(key)
        if value is None:
            asked = self.now()
            value = load()
            self.keep(key, value, asked)
        return value

    def now(self) -> tuple[int, float]:
        """Return a mark of this moment, to be taken before the database is asked."""
        return self._epoch, self._monotonic()

    def keep(self, key: Hashable, value: Value, asked: tuple[int, float]) -> None:
        """Remember what the database said when it was asked, unless it was changed since."""
        epoch, moment = asked
        with self._lock:
            if epoch == self._epoch:
                self._values[key] = (moment + self._seconds, value)

    def forget(self) -> None:
        """Ask the database again for everything."""
        with self._lock:
            self._epoch += 1
            self._values.clear()

    def __len__(self) -> int:
        return len(self._values)
