"""How numbers of a table are written: found by what can be read in one way alone, never guessed.

`1.234` is a thousand and more, or a little over one. It is read where another number of the same
invoice says which sign is the decimal one (`99,50`, `1.234,50`, `1.234.567`), or a column does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

_PLAIN = re.compile(r"[+-]?[0-9]+")
_ONE_SIGN = re.compile(r"[+-]?([0-9]*)([.,])([0-9]+)")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*(?:([.,])[0-9]+)?")


class DecimalSign(StrEnum):
    """What parts a number's decimals."""

    POINT = "."
    COMMA = ","

    @property
    def other(self) -> DecimalSign:
        """The sign that parts thousands, then."""
        return DecimalSign.COMMA if self is DecimalSign.POINT else DecimalSign.POINT


def signs_of(text: str) -> frozenset[DecimalSign]:
    """Return the decimal signs with which `text` is a number: both where it does not say."""
    if _PLAIN.fullmatch(text):
        return frozenset(DecimalSign)
    found = set()
    if one := _ONE_SIGN.fullmatch(text):
        found.add(DecimalSign(one[2]))
    grouped = _GROUPED.fullmatch(text)
    if grouped and not re.match(r"[+-]?0", text):
        thousands = DecimalSign(grouped[1])
        if grouped[2] in (None, thousands.other.value):
            found.add(thousands.other)
    return frozenset(found)


def decimal_sign(texts: Iterable[str]) -> frozenset[DecimalSign]:
    """Return the decimal signs with which all of `texts` are numbers."""
    known = frozenset(DecimalSign)
    for text in texts:
        known &= signs_of(text)
    return known


def plain(text: str, sign: DecimalSign) -> str:
    """Return a number that is written with `sign` as digits with a decimal point."""
    return text.replace(sign.other.value, "").replace(sign.value, ".").removeprefix("+")
