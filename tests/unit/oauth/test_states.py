from __future__ import annotations

from collections.abc import Callable

import pytest

from ionport.oauth import states
from ionport.oauth.states import TokenStates


class Ticks:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


def counted(answers: list[bool], asked: list[int]) -> Callable[[], bool]:
    def load() -> bool:
        asked.append(1)
        return answers[min(len(asked), len(answers)) - 1]

    return load


def test_the_database_is_asked_once_in_two_seconds(ticks: Ticks) -> None:
    memory, asked = TokenStates(ticks), list[int]()
    load = counted([True, False], asked)
    assert memory.is_active("t", load)
    ticks.seconds = 1.99
    assert memory.is_active("t", load)
    assert len(asked) == 1
    ticks.seconds = 2.0
    assert not memory.is_active("t", load)
    assert len(asked) == 2


def test_a_dead_token_is_remembered_as_well(ticks: Ticks) -> None:
    memory, asked = TokenStates(ticks), list[int]()
    load = counted([False], asked)
    assert not memory.is_active("t", load)
    assert not memory.is_active("t", load)
    assert len(asked) == 1


def test_after_forget_the_database_is_asked_again(ticks: Ticks) -> None:
    memory = TokenStates(ticks)
    assert memory.is_active("t", lambda: True)
    memory.forget()
    assert not memory.is_active("t", lambda: False)


def test_what_was_read_before_a_revocation_is_not_remembered_after_it(ticks: Ticks) -> None:
    memory = TokenStates(ticks)

    def load_while_somebody_revokes() -> bool:
        memory.forget()
        return True

    memory.is_active("t", load_while_somebody_revokes)
    assert not memory.is_active("t", lambda: False)


def test_the_memory_is_bounded(ticks: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MAX_REMEMBERED", 10)
    memory = TokenStates(ticks)
    for number in range(25):
        memory.is_active(str(number), lambda: True)
    assert len(memory._tokens) == 10
