"""The values of IDM's attribute types: reading, canonical form, order.

Source: docs/reference/idm.md#data-model.

The codes are documented. Which spellings IDM takes for a number or a time is not: those here are
ISO 8601 and plain decimals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

_MAX_NUMBER = 60
_MAX_EXPONENT = 400
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_DOUBLE = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# Query builders append a Z to a time.
_TIME = re.compile(r"([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,6})?Z?", re.ASCII)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUTHS = {"1": "1", "true": "1", "0": "0", "false": "0"}


class AttributeType(StrEnum):
    """IDM's type codes."""

    STRING = "1"
    SHORT = "3"
    LONG = "4"
    DECIMAL = "6"
    DATE = "7"
    TIME = "8"
    TIMESTAMP = "9"
    DOUBLE = "10"
    BOOLEAN = "20"
    UUID = "21"


_KEYED = frozenset(
    [
        AttributeType.SHORT,
        AttributeType.LONG,
        AttributeType.DECIMAL,
        AttributeType.DOUBLE,
        AttributeType.TIMESTAMP,
    ]
)


def canonical(type_: AttributeType, text: str) -> str | None:
    """Return the text in the form in which it is kept; None when it is no value of the type."""
    try:
        return _READERS[type_](text)
    except (ValueError, OverflowError, InvalidOperation):
        return None


def order_key(type_: AttributeType, text: str) -> bytes | None:
    """Return bytes that sort as the values do; None where `text` itself sorts so.

    `text` is canonical. As bytes, because databases sort texts each in their own way.
    """
    if type_ not in _KEYED or not text:
        return None
    if type_ is AttributeType.TIMESTAMP:
        return number_key(Decimal(_microseconds(text)))
    return number_key(Decimal(text))


def number_key(number: Decimal) -> bytes:
    """Return the order key of a number whose exponent has at most three digits."""
    sign, digits, _exponent = number.as_tuple()
    if not any(digits):
        return b"\x80"
    significant = bytes(digit + 1 for digit in digits).rstrip(b"\1")
    size = (number.adjusted() + 2**15).to_bytes(2, "big") + significant
    # The zero byte ends a number before a longer one; inverted it ends after it.
    return b"\x7f" + bytes(255 - each for each in size + b"\0") if sign else b"\x81" + size + b"\0"


def _whole(lowest: int, highest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
            raise ValueError
        return str(int(text))

    return read


def _decimal(text: str) -> str:
    if not _DECIMAL.fullmatch(text) or len(text) > _MAX_NUMBER:
        raise ValueError
    return text.removeprefix("+")


def _double(text: str) -> str:
    if not _DOUBLE.fullmatch(text) or len(text) > _MAX_NUMBER:
        raise ValueError
    if abs(Decimal(text).adjusted()) > _MAX_EXPONENT:
        raise ValueError
    return text.removeprefix("+")


def _date(text: str) -> str:
    if not _DATE.fullmatch(text):
        raise ValueError
    return date.fromisoformat(text).isoformat()


def _time(text: str) -> str:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError
    return time.fromisoformat(match[1]).isoformat()


def _timestamp(text: str) -> str:
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError
    _microseconds(text)
    return text


def _microseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _uuid(text: str) -> str:
    if len(text) > 38:
        raise ValueError
    return str(UUID(text))


def _boolean(text: str) -> str:
    truth = _TRUTHS.get(text.lower())
    if truth is None:
        raise ValueError
    return truth


_READERS: Mapping[AttributeType, Callable[[str], str]] = MappingProxyType(
    {
        AttributeType.STRING: lambda text: text,
        AttributeType.SHORT: _whole(-(2**15), 2**15 - 1),
        AttributeType.LONG: _whole(-(2**63), 2**63 - 1),
        AttributeType.DECIMAL: _decimal,
        AttributeType.DATE: _date,
        AttributeType.TIME: _time,
        AttributeType.TIMESTAMP: _timestamp,
        AttributeType.DOUBLE: _double,
        AttributeType.BOOLEAN: _boolean,
        AttributeType.UUID: _uuid,
    }
)
