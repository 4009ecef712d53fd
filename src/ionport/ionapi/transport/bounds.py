"""When one call must be sent and must end; shared by the pool's connections and their transport."""

from __future__ import annotations

import contextvars

import httpcore2

from ..errors import SendWindowClosed
from ..sending import SendWindow, boot_time
from ..wording import worded

# An answer that has arrived by the end is read to its own end, for this long. It may show whether
# the remote side processed the call.
LATE_READING = 1.0


class CallBounds:
    """The bounds of one call on `boot_time`, and whether a byte of its request may have been sent.

    `total` is in seconds from now. A `window` can only make it shorter.
    """

    __slots__ = ("_begin_by", "_end_by", "_guarded", "_reads_until", "on_the_wire")

    def __init__(self, total: float, window: SendWindow | None = None) -> None:
        self._end_by = boot_time() + total
        self._begin_by = self._end_by
        self._guarded = window is not None
        self._reads_until: float | None = None
        self.on_the_wire = False
        if window is not None:
            self._end_by = min(self._end_by, window.end_by)
            self._begin_by = min(self._end_by, window.begin_by)

    def left(self, timeout: float | None = None) -> float:
        """Seconds for the next step: `timeout`, or what is left when that is less.

        Raises SendWindowClosed, or httpcore2.ReadTimeout for a call without a window, when
        nothing is left. Neither is a WriteError: httpcore does not tell those while it sends.
        """
        left = self._next_bound - boot_time()
        if left <= 0:
            raise self._passed()
        return left if timeout is None else min(timeout, left)

    @property
    def ends_in(self) -> float:
        """Seconds until the end, whether sending the request has begun or not."""
        return self._end_by - boot_time()

    def look_before_reading(self) -> None:
        """Raise as `left`; but what has arrived for a call with a window is read for a while."""
        now = boot_time()
        if now < self._end_by:
            return
        if self._reads_until is None:
            self._reads_until = now + LATE_READING
        if not self._guarded or now >= self._reads_until:
            raise self._passed()

    def closed(self) -> SendWindowClosed | None:
        """The error for a call with a window that has passed; None as long as it is open."""
        if not self._guarded or self._next_bound > boot_time():
            return None
        return self._closed()

    @property
    def _next_bound(self) -> float:
        return self._end_by if self.on_the_wire else self._begin_by

    def _passed(self) -> Exception:
        return self._closed() if self._guarded else httpcore2.ReadTimeout("the call took too long")

    def _closed(self) -> SendWindowClosed:
        if self.on_the_wire:
            return SendWindowClosed(
                worded(
                    "The call was broken off: the time in which it could be sent and answered has "
                    "passed. Whether it was processed is not known."
                ),
                remedy=worded("Look whether it was processed before it is sent again."),
                sent=True,
            )
        return SendWindowClosed(
            worded("The call was not sent: the time in which it had to begin has passed."),
            remedy=worded("Send it again."),
        )


# Of the call that the running thread makes.
CALL: contextvars.ContextVar[CallBounds] = contextvars.ContextVar("ionapi_call")
