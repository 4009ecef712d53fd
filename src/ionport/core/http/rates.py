"""Limits on how often one caller may ask, counted in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache

from ionport.core.errors import TooManyRequests

_MOST_CALLERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Window:
    """The present window of a caller: the calls that are left, the seconds until the next one."""

    left: int
    ends_in: int


class RateLimit:
    """At most `allowed` calls of one caller in each window of `seconds` of the monotonic clock.

    Who called longest ago is forgotten when there are very many.
    """

    def __init__(
        self, allowed: int, now: Callable[[], float] = time.monotonic, *, seconds: int = 1
    ) -> None:
        self.allowed = allowed
        self._now = now
        self._seconds = seconds
        self._lock = threading.Lock()
        # Caller → the number of the window, and how many calls there were.
        self._counts: LRUCache[str, tuple[int, int]] = LRUCache(_MOST_CALLERS)

    def count(self, caller: str, text: str) -> Window:
        """Count a call; raises TooManyRequests with `text` when there are too many."""
        now = self._now()
        number = int(now // self._seconds)
        ends_in = max(1, round((number + 1) * self._seconds - now))
        with self._lock:
            last, count = self._counts.get(caller, (number, 0))
            count = count + 1 if last == number else 1
            self._counts[caller] = (number, count)
        if count > self.allowed:
            raise TooManyRequests(text, retry_after=ends_in)
        return Window(self.allowed - count, ends_in)
