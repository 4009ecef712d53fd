"""Waiting on a machine that does other work: for conditions, and with times that grow."""

from __future__ import annotations

from collections.abc import Callable

# Nothing that happens at all takes so many seconds, however busy the machine is.
PATIENCE = 120.0


class TooSlow(Exception):
    """A time passed before the machine had come to what the test is about."""


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
