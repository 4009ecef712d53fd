"""When an ERP is asked what became of an invoice."""

from __future__ import annotations

from datetime import timedelta

from ionport.exports.destinations.questions.model import FOR, next_wait


def test_questions_become_rare_and_end() -> None:
    waits = [
        next_wait(age)
        for age in (timedelta(seconds=3), timedelta(minutes=5), timedelta(hours=2), FOR / 2, FOR)
    ]
    assert waits == [
        timedelta(seconds=10),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(hours=6),
        None,
    ]
