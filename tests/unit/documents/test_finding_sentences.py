"""A finding names things as pages do."""

from __future__ import annotations

import pytest

from ionport.documents.review.sentences import finding_text
from ionport.exports.model import StepKind


@pytest.mark.parametrize("code", ["two_items", "late_answer"])
@pytest.mark.parametrize("step", list(StepKind))
def test_a_possible_double_names_its_step_as_the_delivery_page_does(
    code: str, step: StepKind
) -> None:
    text = finding_text(code, {"step": step.value, "first_id": "a-1", "second_id": "a-2"})
    assert f"the step {step.label} " in text
    assert step.value not in text


def test_a_step_of_another_version_stays_as_it_was_stored() -> None:
    given = {"step": "m3_add", "first_id": "a-1", "second_id": "a-2"}
    assert "m3_add" in finding_text("two_items", given)
