"""What is done again and again goes on after a failure, and ends when it is closed."""

from __future__ import annotations

import logging
import threading

import pytest

from ionport.core.repeating import Repeating

_LONG = 3600.0


class _Counted:
    """Counts its looks; the ones of `failing` raise, and there is more until `more` of them."""

    def __init__(self, every: float, *, at_once: bool, more: int = 0, failing: int = 0) -> None:
        self._task = Repeating("counted", self._look, every, at_once=at_once, goes_on=True)
        self.launch, self.close = self._task.launch, self._task.close
        self.looks = 0
        self.reached = threading.Event()
        self._more, self._failing = more, failing

    def _look(self) -> bool:
        self.looks += 1
        if self.looks == self._failing:
            raise OSError("the database is away")
        if self.looks > max(self._more, self._failing):
            self.reached.set()
        return self.looks <= self._more


def test_a_look_that_fails_is_told_to_the_log_and_the_next_one_is_made(
    caplog: pytest.LogCaptureFixture,
) -> None:
    task = _Counted(0.001, at_once=False, failing=1)
    with caplog.at_level(logging.ERROR):
        task.launch()
        assert task.reached.wait(20)
        task.close()
    assert "a look of counted failed" in caplog.text


def test_while_there_is_more_nobody_waits() -> None:
    task = _Counted(_LONG, at_once=True, more=3)
    task.launch()
    assert task.reached.wait(20)
    task.close()
    assert task.looks == 4


def test_closing_ends_the_pause_before_the_first_look() -> None:
    task = _Counted(_LONG, at_once=False)
    task.launch()
    task.close()
    assert task.looks == 0
