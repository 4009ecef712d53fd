"""How often one API key may call, counted in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ionport.core.http.rates import RateLimit
from ionport.core.i18n import _


class CallLimit:
    """At most `allowed` calls of one key in each minute of the monotonic clock."""

    def __init__(self, allowed: int, now: Callable[[], float] = time.monotonic) -> None:
        self._limit = RateLimit(allowed, now, seconds=60)

    def count(self, key_id: str) -> Mapping[str, str]:
        """Count a call, and return the headers that tell what is left of the minute.

        Raises:
            TooManyRequests: there were too many.
        """
        allowed = self._limit.allowed
        text = _("This API key has made {count} calls in a minute. Call less often.")
        window = self._limit.count(key_id, text.format(count=allowed))
        return {
            "RateLimit-Limit": str(allowed),
            "RateLimit-Remaining": str(window.left),
            "RateLimit-Reset": str(window.ends_in),
        }
