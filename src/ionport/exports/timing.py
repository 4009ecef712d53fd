"""How long to wait, and when to give up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class ExportTiming:
    """Times in seconds.

    `first_wait` doubles with each failed try up to `longest_wait`; after `max_tries` tries of a
    step, or `max_total` since the series began, the delivery fails. `settle` is how long after
    losing sight of a call an item may still turn up at Infor: the gateway gives a service 60
    seconds (facts/ion-api.md §4.2). `lease` is how long a worker owns a delivery for one call and
    must exceed `call_total` and `login`; a call that has not left `send_within` after its record
    was committed is not made. After `pause_after` failures in a row a connection pauses for
    `pause`, doubling up to `longest_pause`. `max_runs` bounds how often a delivery is taken up.
    """

    first_wait: float = 2.0
    longest_wait: float = 900.0
    max_tries: int = 10
    max_total: float = 86_400.0
    settle: float = 60.0
    lease: float = 240.0
    send_within: float = 20.0
    connect: float = 10.0
    call_read: float = 75.0
    call_total: float = 120.0
    login: float = 30.0
    max_runs: int = 200
    pause_after: int = 5
    pause: float = 15.0
    longest_pause: float = 300.0

    def wait_after(self, seed: str, tries: int, retry_after: float | None) -> float:
        """Return the seconds to wait after try number `tries`, spread by a fifth around the mean.

        The spread follows from `seed` and `tries` alone, so that it can be foretold; a server's
        Retry-After is obeyed when it is longer.
        """
        mean = min(self.first_wait * 2.0 ** min(tries - 1, 30), self.longest_wait)
        digest = hashlib.sha256(f"{seed}|{tries}".encode()).digest()
        spread = 0.8 + 0.4 * int.from_bytes(digest[:4], "big") / 0xFFFF_FFFF
        return max(mean * spread, retry_after or 0.0)

    def gives_up(self, tries: int, began: datetime, next_at: datetime) -> bool:
        """Tell whether another try is one too many, or would come too late."""
        return tries >= self.max_tries or next_at - began > timedelta(seconds=self.max_total)
