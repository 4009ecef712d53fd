"""Counters of this process: what happened and how often, for whoever watches the service."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping


class Counters:
    """Counts by name; thread safe. Names are those of the metrics without their prefix."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, number: int = 1) -> None:
        """Count something that happened."""
        with self._lock:
            self._counts[name] += number

    def read(self) -> Mapping[str, int]:
        """Return all counts."""
        with self._lock:
            return dict(self._counts)


COUNTERS = Counters()
