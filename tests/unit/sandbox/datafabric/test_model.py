from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.core.errors import InvalidInput
from ionport.sandbox.datafabric.model import Comparison, LakeField, read_filter, read_sort


def test_a_filter_is_comparisons_joined_by_and() -> None:
    text = "dl_document_name eq 'O''Neill and Sons' AND dl_size GE 10 and event_date lt 2026-03-05"
    assert read_filter(text) == [
        Comparison(LakeField.DOCUMENT_NAME, "eq", "O'Neill and Sons"),
        Comparison(LakeField.SIZE, "ge", 10),
        Comparison(LakeField.EVENT_DATE, "lt", datetime(2026, 3, 5, tzinfo=UTC)),
    ]


def test_no_filter_is_no_comparison() -> None:
    assert read_filter("") == read_filter("  ") == []


@pytest.mark.parametrize(
    "text", ["x", "dl_id eq", "dl_id eq 'a", "dl_id eq 'a' dl_size gt 1", "dl_id like 'a'", "and"]
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_filter(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_filter(text)
        read_sort([text])
    except InvalidInput as error:
        assert error.text  # noqa: PT017


def test_a_sort_names_a_field_and_a_direction() -> None:
    assert read_sort(["event_date:desc", "dl_size"]) == [
        (LakeField.EVENT_DATE, True),
        (LakeField.SIZE, False),
    ]
