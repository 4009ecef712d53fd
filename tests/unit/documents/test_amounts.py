"""Amounts that have too many decimals are rounded as people round them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ionport.documents.amounts import EXACT, at_most_decimals


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.665", "2.67"), ("2.6649", "2.66"), ("1", "1")],
)
def test_amounts_round_half_up(value: str, rounded: str) -> None:
    assert str(at_most_decimals(Decimal(value), 2)) == rounded


def test_a_quotient_rounds_half_up_too() -> None:
    digits = EXACT.divide(Decimal(5 * 10**120 + 5), Decimal(10)).as_tuple().digits
    assert (len(digits), digits[-1]) == (120, 1)
