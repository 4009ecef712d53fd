"""When this process first saw that a call may be lost: from there its waits are counted."""

from __future__ import annotations

import threading
from collections import OrderedDict

from ionport.core.clock import BootClock
from ionport.exports.ledger.attempts import miss_counts_after
from ionport.exports.model import Attempt
from ionport.exports.timing import ExportTiming

_REMEMBERED = 10_000


class Sights:
    """First sights of attempts, on the boot clock and in memory; thread safe.

    A process that starts, or has forgotten, counts anew: that only makes a wait longer.
    """

    def __init__(self, clock: BootClock, timing: ExportTiming) -> None:
        self._clock = clock
        self._timing = timing
        self._first: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, attempt_id: str) -> float:
        """Return when an attempt was first seen: now, if it is new."""
        with self._lock:
            first = self._first.setdefault(attempt_id, self._clock.boot())
            while len(self._first) > _REMEMBERED:
                self._first.popitem(last=False)
        return first

    def seconds_until_a_miss_counts(self, lost: Attempt) -> float:
        """Return how long a look-up that finds nothing still proves nothing; 0 or less: it does."""
        passed = self._clock.boot() - self.note(lost.id)
        return miss_counts_after(lost, self._timing) - passed
