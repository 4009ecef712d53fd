"""Calculations over the columns of a row: numbers, `[column]`, `+ - * /` and brackets.

Source: docs/reference/mapping-files.md#conflict-rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.amounts import EXACT, at_most_decimals, decimal_text

_TOKEN = re.compile(r"\s*(?:(\d{1,28}(?:\.\d{1,20})?)|\[{1,2}([\w .-]{1,80})\]{1,2}|([-+*/()]))")
_REFERENCE = re.compile(r"\s*\[{1,2}([\w .-]{1,80})\]{1,2}\s*")
_MAX_TOKENS = 200
_DECIMALS = 6

_NUMBER = re.compile(r"-?\d{1,28}(?:\.\d{1,20})?", re.ASCII)

Value = Callable[[str], str]
"""Returns the text of a column; raises InvalidInput when nothing fills it."""


def number_of(text: str) -> Decimal | None:
    """Return the number of a canonical text; None when it is none."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def is_calculation(text: str) -> bool:
    """Tell whether a text of a rule refers to columns, or is a text of its own."""
    return "[" in text


def evaluate(text: str, value: Value) -> str:
    """Return the result of an expression, with six decimals at most.

    A text without a reference to a column stays as it is, and so does the value of a single
    reference.

    Raises:
        InvalidInput: not an expression, a column without a value or with one that is no number,
            or a division by zero.
    """
    if not is_calculation(text):
        return text
    if match := _REFERENCE.fullmatch(text):
        return value(match[1])
    tokens = _Tokens(text, value)
    try:
        result = tokens.total()
    except (DivisionByZero, InvalidOperation, Overflow) as error:
        raise _wrong(text) from error
    if tokens.next is not None:
        raise _wrong(text)
    return decimal_text(at_most_decimals(result, _DECIMALS))


class _Tokens:
    """The tokens of one expression, read from the left by the usual grammar."""

    def __init__(self, text: str, value: Value) -> None:
        self._text, self._value = text, value
        self._tokens = _split(text)
        self._at = 0

    @property
    def next(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def total(self) -> Decimal:
        result = self._product()
        while self.next in (("sign", "+"), ("sign", "-")):
            sign = self._take()
            other = self._product()
            result = EXACT.add(result, other if sign == "+" else -other)
        return result

    def _product(self) -> Decimal:
        result = self._single()
        while self.next in (("sign", "*"), ("sign", "/")):
            sign = self._take()
            other = self._single()
            result = (EXACT.multiply if sign == "*" else EXACT.divide)(result, other)
        return result

    def _single(self) -> Decimal:
        if self.next is None:
            raise _wrong(self._text)
        kind = self.next[0]
        word = self._take()
        if kind == "number":
            return Decimal(word)
        if kind == "column":
            return self._number(word)
        if word == "-":
            return -self._single()
        if word != "(":
            raise _wrong(self._text)
        result = self.total()
        if self.next != ("sign", ")"):
            raise _wrong(self._text)
        self._take()
        return result

    def _take(self) -> str:
        token = self._tokens[self._at][1]
        self._at += 1
        return token

    def _number(self, column: str) -> Decimal:
        text = self._value(column)
        number = number_of(text)
        if number is None:
            raise InvalidInput(
                _("“{expression}”: [{column}] is “{value}”, which is no number.").format(
                    expression=self._text, column=column, value=text[:40]
                ),
                code="expression_not_a_number",
            )
        return number


def _split(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or len(tokens) == _MAX_TOKENS:
            raise _wrong(text)
        number, column, sign = match.groups()
        tokens.append(
            ("number", number) if number else ("column", column) if column else ("sign", sign)
        )
        position = match.end()
    return tokens


def _wrong(text: str) -> InvalidInput:
    return InvalidInput(
        _("“{expression}” cannot be calculated. An example: [quantity] * [unit_price].").format(
            expression=text[:120]
        ),
        code="expression_wrong",
    )
