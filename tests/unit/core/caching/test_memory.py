from __future__ import annotations

import pytest

from ionport.core.caching.memory import ShortMemory


class Ticks:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def memory(ticks: Ticks) -> ShortMemory[str]:
    return ShortMemory(ticks, seconds=2.0, most=3)


def test_a_value_counts_from_when_the_database_was_asked(
    memory: ShortMemory[str], ticks: Ticks
) -> None:
    asked = memory.now()
    ticks.now += 1.5
    memory.keep("a", "value", asked)
    assert memory.recall("a") == "value"
    ticks.now += 0.5
    assert memory.recall("a") is None


def test_what_was_asked_before_a_change_is_not_remembered_after_it(
    memory: ShortMemory[str],
) -> None:
    memory.keep("a", "old", memory.now())
    asked = memory.now()
    memory.forget()
    memory.keep("a", "old", asked)
    assert memory.recall("a") is None


def test_of_too_many_values_the_oldest_goes_first(memory: ShortMemory[str]) -> None:
    for key in ("a", "b", "c"):
        memory.keep(key, key, memory.now())
    # What is asked for again is not younger for it, so that reading needs no lock.
    memory.recall("a")
    memory.keep("d", "d", memory.now())
    assert [memory.recall(key) for key in ("a", "b", "c", "d")] == [None, "b", "c", "d"]
