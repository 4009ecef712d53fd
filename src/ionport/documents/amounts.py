"""Exact decimals: amounts are never floats, and their text keeps the digits that came in."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

# Inputs have at most 28 digits: sums and products are exact in 120, and quantity times price
# divided by the smallest base quantity keeps its cents.
EXACT = Context(prec=120, rounding=ROUND_HALF_UP)
MAX_DIGITS = 28
_ZERO = Decimal(0)


def decimal_text(value: Decimal) -> str:
    """Return `value` without an exponent, keeping its decimals: `336.90`, `-5`, `0.00`."""
    return format(value.copy_abs() if value.is_zero() else value, "f")


def total(values: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of `values`, zero for none."""
    result = _ZERO
    for value in values:
        result = EXACT.add(result, value)
    return result


def at_most_decimals(value: Decimal, decimals: int) -> Decimal:
    """Return `value`, rounded half up only if it has more than `decimals` decimals."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -decimals:
        return value
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP, context=EXACT)
