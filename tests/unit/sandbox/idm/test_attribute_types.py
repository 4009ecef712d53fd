from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.sandbox.idm.datamodel.attribute_types import (
    AttributeType,
    canonical,
    number_key,
    order_key,
)

NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=10
)


@pytest.mark.parametrize(
    ("type_", "text", "expected"),
    [
        (AttributeType.STRING, " as it is ", " as it is "),
        (AttributeType.SHORT, "-32768", "-32768"),
        (AttributeType.SHORT, "+007", "7"),
        (AttributeType.LONG, "9223372036854775807", "9223372036854775807"),
        (AttributeType.DECIMAL, "12.50", "12.50"),
        (AttributeType.DATE, "2020-02-29", "2020-02-29"),
        (AttributeType.TIME, "15:03:00Z", "15:03:00"),
        (AttributeType.TIMESTAMP, "2017-11-11T14:04:24.000Z", "2017-11-11T14:04:24.000Z"),
        (AttributeType.DOUBLE, "-1.5e3", "-1.5e3"),
        (AttributeType.BOOLEAN, "TRUE", "1"),
        (AttributeType.BOOLEAN, "0", "0"),
        (
            AttributeType.UUID,
            "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        ),
    ],
)
def test_a_value_is_kept_in_one_form(type_: AttributeType, text: str, expected: str) -> None:
    assert canonical(type_, text) == expected
    assert canonical(type_, expected) == expected


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (AttributeType.SHORT, "32768"),
        (AttributeType.SHORT, "1.0"),
        (AttributeType.LONG, "9223372036854775808"),
        (AttributeType.LONG, "٣"),
        (AttributeType.DECIMAL, "12,50"),
        (AttributeType.DECIMAL, "1e3"),
        (AttributeType.DECIMAL, "NaN"),
        (AttributeType.DATE, "2021-02-29"),
        (AttributeType.DATE, "2020-03-05T00:00:00Z"),
        (AttributeType.TIME, "25:00:00"),
        (AttributeType.TIMESTAMP, "2017-11-11"),
        (AttributeType.TIMESTAMP, "2017-13-11T14:04:24Z"),
        (AttributeType.TIMESTAMP, "2017-12-11T14:04:24+99:99"),
        (AttributeType.DOUBLE, "1e999"),
        (AttributeType.DOUBLE, "inf"),
        (AttributeType.BOOLEAN, "yes"),
        (AttributeType.UUID, "not a UUID"),
    ],
)
def test_a_value_of_another_type_is_none(type_: AttributeType, text: str) -> None:
    assert canonical(type_, text) is None


@given(st.sampled_from(AttributeType), st.text(max_size=40))
def test_any_text_is_a_value_or_none_and_has_a_key_then(type_: AttributeType, text: str) -> None:
    value = canonical(type_, text)
    if value:
        assert canonical(type_, value) == value
        order_key(type_, value)


@given(NUMBERS, NUMBERS)
def test_keys_sort_as_the_numbers_do(one: Decimal, other: Decimal) -> None:
    assert (number_key(one) < number_key(other)) == (one < other)
    assert (number_key(one) == number_key(other)) == (one == other)


@given(st.datetimes(), st.datetimes())
def test_keys_of_timestamps_sort_as_the_moments_do(one: datetime, other: datetime) -> None:
    keys = [
        order_key(AttributeType.TIMESTAMP, f"{moment.isoformat(timespec='microseconds')}Z")
        for moment in (one, other)
    ]
    assert (keys[0] < keys[1]) == (one < other)  # type: ignore[operator]


def test_a_moment_has_one_key_in_every_time_zone() -> None:
    utc = order_key(AttributeType.TIMESTAMP, "2026-03-05T10:00:00Z")
    assert utc == order_key(AttributeType.TIMESTAMP, "2026-03-05T12:00:00+02:00")
    assert utc == order_key(AttributeType.TIMESTAMP, "2026-03-05 10:00")
