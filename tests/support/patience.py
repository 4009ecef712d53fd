"""Waiting on a machine that does other work: for conditions, and with times that grow."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")

# Nothing that happens at all takes so many seconds, however busy the machine is.
PATIENCE = 120.0


class TooSlow(Exception):
    """A time passed before the machine had come to what the test is about."""


def until_on_a_quiet_machine(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until `condition()` is true, for so many seconds on a machine that does nothing else.

    Time in which somebody waited for a processor does not count, as far as the system tells; the
    end comes after PATIENCE all the same.
    """
    began, waited = time.monotonic(), _seconds_waited_for_a_processor()
    while not condition():
        passed = time.monotonic() - began
        if passed - (_seconds_waited_for_a_processor() - waited) > seconds or passed > PATIENCE:
            return bool(condition())
        time.sleep(0.05)
    return True


def _seconds_waited_for_a_processor() -> float:
    try:
        some = _PRESSURE.read_text("ascii").splitlines()[0]
    except OSError:
        return 0.0
    return int(some.rpartition("total=")[2]) / 1_000_000


def with_time_enough(
    seconds: float, scenario: Callable[[float], None], *, longest: float = 30.0
) -> None:
    """Do `scenario` with so many seconds, and again with twice as many where it was TooSlow."""
    while True:
        try:
            return scenario(seconds)
        except TooSlow:
            if seconds >= longest:
                raise
            seconds *= 2
