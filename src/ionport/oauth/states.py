"""What this process remembers of access tokens: alive or dead, for two seconds at most.

A revocation anywhere is seen here within that time; one in this process at once, because whoever
closes something calls `forget` after its commit (DESIGN.md, decision 10).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

LIFETIME_SECONDS: Final = 2.0
MAX_REMEMBERED: Final = 20_000


class TokenStates:
    """A bounded memory of token states; one for each process, thread safe."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._states: dict[str, tuple[float, bool]] = {}
        self._epoch = 0

    def is_alive(self, token_id: str, load: Callable[[], bool]) -> bool:
        """Return the token's state, from memory or by calling `load`."""
        now = self._monotonic()
        with self._lock:
            until, alive = self._states.get(token_id, (now, False))
            epoch = self._epoch
        if now < until:
            return alive
        alive = load()
        with self._lock:
            # What was loaded before a revocation committed must not be remembered after it.
            if epoch == self._epoch:
                if len(self._states) >= MAX_REMEMBERED:
                    self._states.clear()
                self._states[token_id] = (now + LIFETIME_SECONDS, alive)
        return alive

    def is_known_alive(self, token_id: str) -> bool:
        """Tell whether the token is alive as far as is remembered; False may mean unknown."""
        until, alive = self._states.get(token_id, (0.0, False))
        return alive and self._monotonic() < until

    def forget(self) -> None:
        """Ask the database again for every token: something has been closed or opened."""
        with self._lock:
            self._epoch += 1
            self._states.clear()
