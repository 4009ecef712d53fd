"""What policies and failures count: throttling, quota, and the circuit breaker of a target.

All counts are of one process and begin at zero when it starts: with several workers a quota holds
for each of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import TooManyRequests
from ionport.core.http.circuits import CircuitBreakers
from ionport.gateway.errors import TargetPaused
from ionport.gateway.policies.model import Quota, Throttling

MAX_WINDOWS: Final = 100_000
MAX_DELAY_SECONDS: Final = 30.0
FAILURES_TO_OPEN: Final = 5
PAUSE_SECONDS: Final = 15.0


@dataclass(slots=True)
class _Window:
    """Requests counted since the first of them; moments in seconds."""

    ends_at: float
    count: int = 0


class Limits:
    """Windows of throttling and quota policies. Used from the event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}

    def delay(self, policy_id: str, rule: Throttling) -> float:
        """Count a request; return how many seconds it has to wait.

        Raises:
            TooManyRequests: over the spike arrest.
        """
        window, now = self._count(policy_id, "", rule.period_ms / 1000)
        if rule.max_requests is not None and window.count > rule.max_requests:
            raise _too_many(
                f"The API takes at most {rule.max_requests} requests in"
                f" {rule.period_ms / 1000} seconds.",
                window.ends_at - now,
            )
        if rule.delay_after is None or window.count <= rule.delay_after:
            return 0.0
        delay = (window.count - rule.delay_after) * rule.delay_factor_ms / 1000
        return min(delay, MAX_DELAY_SECONDS)

    def spend(self, policy_id: str, rule: Quota, user: str) -> None:
        """Count a request of `user` against a quota; raises TooManyRequests beyond it."""
        window, now = self._count(policy_id, user if rule.user_level else "", rule.seconds)
        if window.count > rule.allow:
            raise _too_many(
                f"The quota of {rule.allow} requests in {rule.seconds} seconds is used up.",
                window.ends_at - now,
            )

    def _count(self, policy_id: str, user: str, seconds: float) -> tuple[_Window, float]:
        now = self._clock.now().timestamp()
        window = self._windows.get((policy_id, user))
        if window is None or now >= window.ends_at:
            self._make_room(now)
            window = self._windows[policy_id, user] = _Window(now + seconds)
        window.count += 1
        return window, now

    def _make_room(self, now: float) -> None:
        if len(self._windows) < MAX_WINDOWS:
            return
        self._windows = {key: w for key, w in self._windows.items() if now < w.ends_at}
        if len(self._windows) >= MAX_WINDOWS:
            # So many users at once: the oldest half is counted from zero again, which refuses no
            # call wrongly.
            self._windows = dict(list(self._windows.items())[MAX_WINDOWS // 2 :])


class Breakers:
    """One circuit breaker for each target endpoint. Used from the event loop only."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._breakers = CircuitBreakers(monotonic, after=FAILURES_TO_OPEN, pause=PAUSE_SECONDS)

    def check(self, endpoint_id: str) -> None:
        """Raise TargetPaused while calls to the target are paused."""
        seconds = math.ceil(self._breakers.seconds_to_wait(endpoint_id))
        if seconds > 0:
            failures = self._breakers.failures(endpoint_id)
            raise TargetPaused(
                f"The target failed {failures} times in a row, so calls to it rest."
                f" Try again in {seconds} seconds.",
                retry_after=seconds,
            )

    def succeeded(self, endpoint_id: str) -> None:
        """Note that the target has answered, with any status."""
        self._breakers.succeeded(endpoint_id)

    def failed(self, endpoint_id: str) -> None:
        """Note that the target could not be reached, timed out, or ended its answer early."""
        self._breakers.failed(endpoint_id)


def _too_many(text: str, seconds: float) -> TooManyRequests:
    return TooManyRequests(text, retry_after=max(1, math.ceil(seconds)))
