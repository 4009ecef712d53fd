"""How often one API key may call, counted in this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from ionport.core.errors import TooManyRequests
from ionport.core.i18n import _

_WINDOW: Final = 60
_MOST_KEYS: Final = 10_000


class CallLimit:
    """At most `allowed` calls of one key in each minute of the monotonic clock."""

    def __init__(self, allowed: int, now: Callable[[], float] = time.monotonic) -> None:
        self._allowed = allowed
        self._now = now
        self._lock = threading.Lock()
        # Key → the minute, and how many calls there were; who called last at the end.
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, key_id: str) -> Mapping[str, str]:
        """Count a call, and return the headers that tell what is left of the minute.

        Raises:
            TooManyRequests: there were too many.
        """
        now = self._now()
        window = int(now // _WINDOW)
        reset = max(1, round((window + 1) * _WINDOW - now))
        with self._lock:
            last, count = self._counts.pop(key_id, (window, 0))
            count = count + 1 if last == window else 1
            self._counts[key_id] = (window, count)
            if len(self._counts) > _MOST_KEYS:
                self._counts.popitem(last=False)
        if count > self._allowed:
            raise TooManyRequests(
                _("This API key has made {count} calls in a minute. Call less often.").format(
                    count=self._allowed
                ),
                retry_after=reset,
            )
        return {
            "RateLimit-Limit": str(self._allowed),
            "RateLimit-Remaining": str(self._allowed - count),
            "RateLimit-Reset": str(reset),
        }
