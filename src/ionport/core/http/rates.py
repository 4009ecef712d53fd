"""Limits on how often one address may ask, counted in this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from ionport.core.errors import TooManyRequests

_MOST_ADDRESSES = 10_000


class RateLimit:
    """At most `allowed` requests of one address in each second of the monotonic clock."""

    def __init__(self, allowed: int, now: Callable[[], float] = time.monotonic) -> None:
        self._allowed = allowed
        self._now = now
        self._lock = threading.Lock()
        # Address → the second, and how many there were; the address that asked last at the end.
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, address: str, text: str) -> None:
        """Count a request; raises TooManyRequests with `text` when there are too many."""
        second = int(self._now())
        with self._lock:
            last, count = self._counts.pop(address, (second, 0))
            count = count + 1 if last == second else 1
            self._counts[address] = (second, count)
            if len(self._counts) > _MOST_ADDRESSES:
                self._counts.popitem(last=False)
        if count > self._allowed:
            raise TooManyRequests(text, retry_after=1)
