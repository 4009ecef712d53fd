"""Few files are read at once, so that memory is bounded whoever uploads how much."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from ionport.core.errors import Unavailable
from ionport.documents.intake.reading_turns import ReadingTurns


def test_two_files_are_read_at_once_and_one_of_each_organization() -> None:
    turns = ReadingTurns(wait_seconds=0.01)
    with ExitStack() as first:
        first.enter_context(turns.turn("org_a"))
        with pytest.raises(Unavailable) as busy, turns.turn("org_a"):
            pass
        assert (busy.value.code, "Try this one again" in busy.value.text) == ("busy", True)
        with turns.turn("org_b"), pytest.raises(Unavailable), turns.turn("org_c"):
            pass
    for name in ("org_a", "org_b"):
        with turns.turn(name):
            pass


def test_a_turn_is_given_back_when_reading_fails() -> None:
    turns = ReadingTurns(wait_seconds=0.01)
    with pytest.raises(ValueError, match="broken"), turns.turn("org_a"):
        raise ValueError("broken")
    with turns.turn("org_a"):
        pass
