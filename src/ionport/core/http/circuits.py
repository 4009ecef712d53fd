"""The circuit breaker: what fails several times in a row is not called for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    pauses: int = 0
    until: float | None = None


class CircuitBreakers:
    """Counts failures in a row by key, in this process. Callers lock where threads share it.

    After `after` failures calls pause for `pause` seconds; then one of them may try, and its
    outcome decides. Each pause is twice as long as the one before, up to `longest`.
    """

    def __init__(
        self,
        seconds: Callable[[], float],
        *,
        after: int,
        pause: float,
        longest: float | None = None,
    ) -> None:
        self._seconds = seconds
        self._after = after
        self._pause = pause
        self._longest = longest or pause
        self._circuits: dict[str, _Circuit] = {}

    def seconds_to_wait(self, key: str) -> float:
        """Return how long calls have to wait now; 0 lets the caller try."""
        circuit = self._circuits.get(key)
        if circuit is None or circuit.until is None:
            return 0.0
        now = self._seconds()
        left = circuit.until - now
        if left > 0:
            return left
        # This caller tries; the next ones wait for its outcome.
        circuit.until = now + self._pause
        return 0.0

    def retry(self, key: str) -> None:
        """End the pause of calls early: the next caller tries, and its outcome decides."""
        circuit = self._circuits.get(key)
        if circuit is not None and circuit.until is not None:
            circuit.until = self._seconds()

    def failures(self, key: str) -> int:
        """Return how many calls have failed in a row."""
        circuit = self._circuits.get(key)
        return circuit.failures if circuit else 0

    def succeeded(self, key: str) -> bool:
        """Note that a call has succeeded; True when that ends a pause."""
        circuit = self._circuits.pop(key, None) if self._circuits else None
        return circuit is not None and circuit.until is not None

    def failed(self, key: str) -> bool:
        """Note that a call has failed; True when calls pause now."""
        circuit = self._circuits.setdefault(key, _Circuit())
        circuit.failures += 1
        if circuit.failures < self._after:
            return False
        seconds = min(self._pause * 2.0 ** min(circuit.pauses, 20), self._longest)
        circuit.until = self._seconds() + seconds
        circuit.pauses += 1
        return True
