"""What an attempt leaves beside its row: one log line and one count."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from ionport.core.telemetry import COUNTERS
from ionport.exports.ledger.attempts import Problem, Recording
from ionport.exports.model import Attempt, AttemptState, StepKind

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def _attempt() -> Attempt:
    return Attempt("att_1", "dlv_1", StepKind.IDM_CREATE, 1, AttemptState.SENT, (), "wrk_1", NOW)


def test_an_attempt_that_ended_is_told_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    step = StepKind.IDM_CREATE.value
    lost = f'attempts_total{{step="{step}",outcome="unknown"}}'
    before = COUNTERS.read().get(lost, 0)
    Recording().succeeded(_attempt(), NOW, {"remote_id": "1"})
    problem = Problem("no_answer", "password=planted", sent=True, http_status=504)
    Recording().failed(_attempt(), NOW, problem)
    good, bad = [record for record in caplog.records if record.name == "ionport.attempt"]
    assert (good.__dict__["outcome"], good.__dict__["delivery"]) == ("succeeded", "dlv_1")
    assert (bad.__dict__["outcome"], bad.__dict__["http_status"]) == ("unknown", 504)
    assert (bad.__dict__["step"], bad.__dict__["code"]) == (step, "no_answer")
    # What an error says may hold what somebody sent.
    assert "planted" not in str(bad.__dict__)
    assert COUNTERS.read()[lost] == before + 1
