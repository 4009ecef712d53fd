"""How numbers of a table are written: found by what can be read in one way alone, never guessed.

`1.234` is a thousand and more, or a little over one. It is read where another number of the same
invoice says which sign is the decimal one (`99,50`, `1.234,50`, `1.234.567`), or a column does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from ionport.core.i18n import _

# Between two digits: also the narrow and the no-break ones, and Swiss apostrophes.
_BLANKS = re.compile(r"(?<=[0-9])[\s'\u2019](?=[0-9]{3})")
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


def typed_number(text: str, *, reads_english: bool) -> str:
    """Return a number that a person typed with a decimal point and without separators.

    Blanks and apostrophes part thousands everywhere. What can be read in two ways is read as
    English has it for who reads English, whose page shows it so. What is no number stays as it is.

    Raises:
        ValueError: it can be read in two ways; says how to write either.
    """
    typed = _BLANKS.sub("", text)
    signs = signs_of(typed)
    if not signs:
        return text
    if len(signs) == 1 or _PLAIN.fullmatch(typed):
        return plain(typed, min(signs))
    if reads_english:
        return plain(typed, DecimalSign.POINT)
    thousands, decimals = sorted((plain(typed, sign) for sign in DecimalSign), key=len)
    raise ValueError(
        _("{value} can be read in two ways: write {thousands}, or {decimals}0.").format(
            value=typed, thousands=thousands, decimals=decimals
        )
    )


def plain(text: str, sign: DecimalSign) -> str:
    """Return a number that is written with `sign` as digits with a decimal point."""
    return text.replace(sign.other.value, "").replace(sign.value, ".").removeprefix("+")
