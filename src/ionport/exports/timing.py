"""How long to wait, and when to give up: every time of the exports, derived in one place.

How the times depend on each other is described in
docs/decisions/0019-who-may-send-and-when-another-may.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class ExportTiming:
    """Times in seconds.

    `first_wait` doubles with each failed try up to `longest_wait`; after `max_tries` tries of a
    step, or `max_total` since the series began, the delivery fails. `gateway_timeout` is how long
    the gateway waits for a service (60, or up to 300 where an administrator said so),
    `search_lag` how late the target's search may show an item. A call that has not begun to leave
    `send_within` after the reading before its record was committed is not made. A worker writes
    its row each `heartbeat`; a pass without a call under way is free `silent_after` its
    lease was last renewed. After `pause_after` failures in a row a connection pauses for `pause`,
    doubling up to `longest_pause`. `max_runs` bounds how often the passes of a delivery
    may be taken over. A server that asks for a longer wait gets `longest_asked` at most.
    `record_within` is how long a finished call waits for the database to take
    its answer. By so much as `clock_error` the wall clocks of two machines may differ.
    """

    first_wait: float = 2.0
    longest_wait: float = 900.0
    longest_asked: float = 3_600.0
    max_tries: int = 10
    max_total: float = 86_400.0
    gateway_timeout: float = 60.0
    search_lag: float = 10.0
    send_within: float = 20.0
    connect: float = 10.0
    after_gateway: float = 60.0
    login: float = 30.0
    heartbeat: float = 5.0
    silent_after: float = 20.0
    max_runs: int = 200
    pause_after: int = 5
    pause: float = 15.0
    longest_pause: float = 300.0
    record_within: float = 60.0
    clock_error: float = 900.0

    def __post_init__(self) -> None:
        if self.gateway_timeout <= 0 or self.search_lag < 0 or self.after_gateway <= 0:
            raise ValueError("the times of a call must be longer than nothing")
        if 3 * self.heartbeat > self.silent_after:
            raise ValueError("a worker must be able to miss two heartbeats")

    @property
    def call_read(self) -> float:
        """How long an answer is waited for between two of its bytes: longer than the gateway."""
        return self.gateway_timeout + self.after_gateway / 4

    @property
    def call_total(self) -> float:
        """How long one call may take in all, its upload included."""
        return self.gateway_timeout + self.after_gateway

    @property
    def settle(self) -> float:
        """How long after the end of a call an item may still turn up at Infor."""
        return self.gateway_timeout + self.search_lag

    @property
    def last_byte(self) -> float:
        """How long after the reading before its record a call can still send a byte."""
        return self.send_within + self.call_total

    @property
    def takeover(self) -> float:
        """How long another worker waits before it takes over a pass whose call may be under way.

        Counted on its own boot clock from its first reading of the renewal; at its end no byte
        can have left for `settle`.
        """
        return self.last_byte + self.settle

    def wait_after(self, seed: str, tries: int, retry_after: float | None) -> float:
        """Return the seconds to wait after try number `tries`, spread by a fifth around the mean.

        The spread follows from `seed` and `tries` alone, so that it can be foretold; a server's
        Retry-After is obeyed when it is longer, for `longest_asked` at most: one by a wrong clock
        would end the series of tries.
        """
        mean = min(self.first_wait * 2.0 ** min(tries - 1, 30), self.longest_wait)
        digest = hashlib.sha256(f"{seed}|{tries}".encode()).digest()
        spread = 0.8 + 0.4 * int.from_bytes(digest[:4], "big") / 0xFFFF_FFFF
        return max(mean * spread, min(retry_after or 0.0, self.longest_asked))

    def gives_up(self, tries: int, began: datetime, next_at: datetime) -> bool:
        """Tell whether another try is one too many, or would come too late."""
        return tries >= self.max_tries or next_at - began > timedelta(seconds=self.max_total)
