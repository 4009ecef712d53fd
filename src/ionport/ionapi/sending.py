"""When a call may be sent: a clock that counts suspended time, and the right to send."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

# Linux. Elsewhere the monotonic clock has to do; there it may stand still in a suspend.
_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def boot_time() -> float:
    """Seconds since this machine started, suspended time included (CLOCK_BOOTTIME).

    Setting the time of day does not change it. Readings of two machines, or from before and
    after a restart of one, cannot be compared. Where the platform has no such clock
    it is the monotonic one.
    """
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


@dataclass(frozen=True, slots=True)
class SendWindow:
    """When one authorised call may be sent and answered, as readings of `boot_time`.

    A call of which nothing was sent by `begin_by` ends unsent. After `end_by` no byte is sent and
    no answer is awaited: the connection is reset. An answer that has arrived by then is read.
    """

    begin_by: float
    end_by: float


class SendPermit(Protocol):
    """Port: gives the right to send one authorised call.

    Called in the thread of the call immediately before every authorised send: when the token is
    there, and once more before the repeat that follows a 401. Not called for token requests. It
    may block. What it raises ends the call unsent and reaches the caller unchanged.
    """

    def __call__(self) -> SendWindow:
        """The window of the send that follows."""
        ...
