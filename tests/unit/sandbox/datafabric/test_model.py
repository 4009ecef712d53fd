from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.core.errors import InvalidInput
from ionport.sandbox.datafabric.filters import (
    Combined,
    Comparison,
    LakeField,
    read_filter,
    read_sort,
)

NAME, SIZE, MOMENT = LakeField.DOCUMENT_NAME, LakeField.SIZE, LakeField.EVENT_DATE
MARCH = datetime(2026, 3, 5, tzinfo=UTC)


def test_a_filter_is_comparisons_joined_by_and() -> None:
    text = "dl_document_name eq 'O''Neill and Sons' AND dl_size GE 10 and event_date lt 2026-03-05"
    assert read_filter(text) == Combined(
        True,
        (
            Comparison(NAME, "eq", ("O'Neill and Sons",)),
            Comparison(SIZE, "ge", (10,)),
            Comparison(MOMENT, "lt", (MARCH,)),
        ),
    )


def test_and_binds_closer_than_or_unless_brackets_say_otherwise() -> None:
    a, b, c = (Comparison(SIZE, "eq", (number,)) for number in (1, 2, 3))
    assert read_filter("dl_size eq 1 or dl_size eq 2 and dl_size eq 3") == Combined(
        False, (a, Combined(True, (b, c)))
    )
    assert read_filter("((dl_size eq 1) or dl_size eq 2) and (dl_size eq 3)") == Combined(
        True, (Combined(False, (a, b)), c)
    )


def test_callers_spell_ranges_lists_and_quotes_in_their_own_ways() -> None:
    """docs/reference/data-fabric.md#filters, as public clients send them."""
    later = datetime(2026, 7, 18, 7, 50, 6, 821000, tzinfo=UTC)
    assert read_filter(
        "event_date range [2026-03-05T00:00:00.000Z, 2026-07-18T07:50:06.821Z]"
    ) == Comparison(MOMENT, "range", (MARCH, later))
    assert read_filter('event_date ge "2026-03-05T00:00:00.000Z"') == Comparison(
        MOMENT, "ge", (MARCH,)
    )
    assert read_filter("dl_document_name in ('a','b', 'c')") == Comparison(
        NAME, "in", ("a", "b", "c")
    )
    assert read_filter("dl_document_name like 'CSY%'") == Comparison(NAME, "like", ("CSY%",))
    assert read_filter("dl_from_logical_id eq 'lid://acme.erp.m3'") == Comparison(
        LakeField.FROM_LOGICAL_ID, "eq", ("lid://acme.erp.m3",)
    )
    assert read_filter("dl_corrupt eq 'true'") == Comparison(LakeField.CORRUPT, "eq", (True,))


def test_no_filter_is_no_condition() -> None:
    assert read_filter("") is read_filter("  ") is None


@pytest.mark.parametrize(
    "text",
    [
        *("x", "dl_id eq", "dl_id eq 'a", "dl_id eq 'a' dl_size gt 1", "dl_size like '1'", "and"),
        *("(dl_size eq 1", "dl_size eq 1)", "dl_id in 'a'", "dl_id in ('a'", "dl_size in ()"),
        *("event_date range [2026-01-01]", "'dl_id' eq 1", "dl_corrupt eq maybe", "dl_id eq ("),
        *("dl_size eq 1 or", "or dl_size eq 1", "(" * 30 + "dl_size eq 1" + ")" * 30),
    ],
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
