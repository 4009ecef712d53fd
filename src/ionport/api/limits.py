"""How often one API key may call, counted in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping

from ionport.core.errors import TooManyRequests
from ionport.core.http.rates import RateLimit, Window
from ionport.core.i18n import _


class CallLimit:
    """At most `allowed` calls of one key in each minute of the monotonic clock."""

    def __init__(self, allowed: int, now: Callable[[], float] = time.monotonic) -> None:
        self._limit = RateLimit(allowed, now, seconds=60)

    def count(self, key_id: str, headers: MutableMapping[str, str]) -> None:
        """Count a call, and add what is left of the minute to the headers of its answer.

        They tell it of a refused call too.

        Raises:
            TooManyRequests: there were too many.
        """
        allowed = self._limit.allowed
        text = _("This API key has made {count} calls in a minute. Call less often.")
        try:
            window = self._limit.count(key_id, text.format(count=allowed))
        except TooManyRequests as refused:
            headers.update(self._told(Window(0, refused.retry_after)))
            raise
        headers.update(self._told(window))

    def _told(self, window: Window) -> Mapping[str, str]:
        return {
            "RateLimit-Limit": str(self._limit.allowed),
            "RateLimit-Remaining": str(window.left),
            "RateLimit-Reset": str(window.ends_in),
        }
