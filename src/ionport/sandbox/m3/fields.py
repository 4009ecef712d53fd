"""What a field's value may be, and how dates are written.

Source: docs/reference/m3.md#transactions-and-fields, docs/reference/m3.md#addresses-and-errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache

from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.m3.catalogue import Field, FieldType, Transaction
from ionport.sandbox.m3.errors import ErrorType, TransactionFailed

_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,20})?|\.\d{1,20})", re.ASCII)


class DateFormat(StrEnum):
    """The values of the parameter `dateformat`; inside, every date is a YMD8."""

    YMD8 = "YMD8"
    YMD6 = "YMD6"
    MDY6 = "MDY6"
    DMY6 = "DMY6"
    YWD5 = "YWD5"
    YMD8_DASHED = "YMD8-"


# YWD5 is year, ISO week, day of the week. Two digits of a year from 69 on are 19xx: inferred.
_PATTERNS: Mapping[DateFormat, str] = {
    DateFormat.YMD8: "%Y%m%d",
    DateFormat.YMD6: "%y%m%d",
    DateFormat.MDY6: "%m%d%y",
    DateFormat.DMY6: "%d%m%y",
    DateFormat.YMD8_DASHED: "%Y-%m-%d",
}


@lru_cache(maxsize=4096)
def read_date(text: str, date_format: DateFormat) -> str:
    """Return a date as YMD8; raises ValueError when it is none of that format."""
    moment = _parse(text, date_format)
    if _written(moment, date_format) != text:
        raise ValueError(text)
    return _written(moment, DateFormat.YMD8)


@lru_cache(maxsize=4096)
def write_date(value: str, date_format: DateFormat) -> str:
    """Return a stored date in that format; what is no date stays as it is."""
    try:
        return _written(_parse(value, DateFormat.YMD8), date_format)
    except ValueError:
        return value


def _parse(text: str, date_format: DateFormat) -> date:
    if date_format is not DateFormat.YWD5:
        pattern = _PATTERNS[date_format]
        return datetime.strptime(text, pattern).replace(tzinfo=UTC).date()
    if len(text) != 5:
        raise ValueError(text)
    year = int(text[:2])
    return date.fromisocalendar(year + (1900 if year >= 69 else 2000), int(text[2:4]), int(text[4]))


def _written(moment: date, date_format: DateFormat) -> str:
    if date_format is not DateFormat.YWD5:
        return moment.strftime(_PATTERNS[date_format])
    year, week, day = moment.isocalendar()
    return f"{year % 100:02}{week:02}{day}"


def check_inputs(
    transaction: Transaction, record: Mapping[str, str], date_format: DateFormat
) -> dict[str, str]:
    """Return the values that are not blank, dates as YMD8, trailing blanks gone.

    Raises:
        TransactionFailed: a field that the transaction does not have, a mandatory one missing,
            one too long, no number, or no date of the format. In M3's order of fields, so the
            first that is wrong is named.
    """
    for name in record:
        if name not in transaction.inputs:
            raise TransactionFailed(
                f"{transaction.name} has no input field {quoted(name)}.",
                field=name[:20],
                kind=ErrorType.UNKNOWN_FIELD,
            )
    values = {}
    for name, field in transaction.inputs.items():
        value = record.get(name, "").rstrip()
        if value:
            value = _checked(field, value, date_format)
        if value:
            values[name] = value
        elif field.is_mandatory:
            raise TransactionFailed(
                f"{name} must be entered",
                code=f"W{name}02",
                field=name,
                kind=ErrorType.MANDATORY,
            )
    return values


def _checked(field: Field, value: str, date_format: DateFormat) -> str:
    if len(value) > field.length:
        raise TransactionFailed(
            f"{field.name} takes {field.length} characters, {quoted(value)} has {len(value)}",
            field=field.name,
            kind=ErrorType.TOO_LONG,
        )
    if field.type is FieldType.NUMBER and not _NUMBER.fullmatch(value.strip()):
        raise TransactionFailed(
            f"Numeric error: {field.name} is {quoted(value)}",
            code="XNU0000",
            field=field.name,
        )
    if field.type is FieldType.DATE:
        return _checked_date(field, value.strip(), date_format)
    return value.strip() if field.type is FieldType.NUMBER else value


def _checked_date(field: Field, value: str, date_format: DateFormat) -> str:
    try:
        # Zero is how numeric dates say that there is none.
        return "" if value.strip("0") == "" else read_date(value, date_format)
    except ValueError as error:
        raise TransactionFailed(
            f"Incorrect date: {field.name} is {quoted(value)}, expected {date_format.value}",
            code="XDT0001",
            field=field.name,
        ) from error
