"""When one call has to leave and to end; shared by the pool's connections and their transport."""

from __future__ import annotations

import contextvars

import httpcore2

from .errors import SendWindowClosed
from .sending import SendWindow, boot_time

# An answer that has arrived by the end is read to its own end, for this long. It may say what
# the remote side made of the call.
LATE_READING = 1.0


class CallBounds:
    """The bounds of one call on `boot_time`, and whether a byte of its request may have left.

    `total` is in seconds from now. A `window` can only make it shorter.
    """

    __slots__ = ("_begin_by", "_end_by", "_guarded", "on_the_wire")

    def __init__(self, total: float, window: SendWindow | None = None) -> None:
        self._end_by = boot_time() + total
        self._begin_by = self._end_by
        self._guarded = window is not None
        self.on_the_wire = False
        if window is not None:
            self._end_by = min(self._end_by, window.end_by)
            self._begin_by = min(self._end_by, window.begin_by)

    def left(self, timeout: float | None = None) -> float:
        """Seconds for the next step: `timeout`, or what is left when that is less.

        Raises SendWindowClosed, or httpcore2.ReadTimeout for a call without a window, when
        nothing is left. Neither is a WriteError: httpcore does not tell those while it sends.
        """
        left = (self._end_by if self.on_the_wire else self._begin_by) - boot_time()
        if left <= 0:
            raise self._passed()
        return left if timeout is None else min(timeout, left)

    @property
    def passed(self) -> bool:
        """Whether the time to begin, or that to end, has passed."""
        return (self._end_by if self.on_the_wire else self._begin_by) <= boot_time()

    @property
    def reads_late(self) -> bool:
        """Whether an answer that has arrived already may still be read."""
        return self._guarded and boot_time() < self._end_by + LATE_READING

    def closed(self) -> SendWindowClosed | None:
        """The error for a call with a window that has passed; None as long as it is open."""
        return self._closed() if self._guarded and self.passed else None

    def _passed(self) -> Exception:
        return self._closed() if self._guarded else httpcore2.ReadTimeout("the call took too long")

    def _closed(self) -> SendWindowClosed:
        if self.on_the_wire:
            return SendWindowClosed(
                "The call was broken off: the time in which it could be sent and answered has "
                "passed. Whether it was processed is not known.",
                remedy="Look whether it was processed before it is sent again.",
                sent=True,
            )
        return SendWindowClosed(
            "The call was not sent: the time in which it had to begin has passed.",
            remedy="Send it again.",
        )


# Of the call that the running thread makes.
CALL: contextvars.ContextVar[CallBounds] = contextvars.ContextVar("ionapi_call")
