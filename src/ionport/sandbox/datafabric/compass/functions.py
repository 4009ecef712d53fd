"""The functions that Compass has and SQLite has not.

Source: docs/reference/data-fabric.md#sql-of-compass.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ionport.sandbox.kit.texts import quoted

_DEFAULT_VARCHAR: Final = 30
_MAX_DIGITS: Final = 38


def moment_text(moment: datetime) -> str:
    """Return a moment in UTC to the millisecond, as Data Fabric writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def add_functions(
    connection: sqlite3.Connection, modified_of: Callable[[int], str], problems: list[str]
) -> None:
    """Give a connection the functions; what is wrong with a value is added to `problems`."""

    def told(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(value: Any, *more: Any) -> Any:
            if value is None:
                return None
            try:
                return function(value, *more)
            except (ValueError, TypeError, ArithmeticError, LookupError):
                problems.append(_PROBLEMS[name].format(value=quoted(str(value))))
                raise

        return call

    for name, function in (
        ("infor_date", _date),
        ("infor_datetime", _datetime),
        ("infor_decimal", _decimal),
        ("infor_varchar", _varchar),
        ("infor_moment", _moment),
        ("infor_lastmodified", modified_of),
    ):
        connection.create_function(name, -1, told(name, function), deterministic=True)


_PROBLEMS: Mapping[str, str] = {
    "infor_date": "CAST AS date does not take {value}.",
    "infor_datetime": "CAST AS datetime does not take {value}.",
    "infor_decimal": "CAST AS decimal does not take {value}.",
    "infor_varchar": "CAST AS varchar does not take {value}.",
    "infor_moment": "infor.lastmodified is compared with a date or a moment, not with {value}.",
    "infor_lastmodified": "infor.lastmodified is of an object: name it, infor.lastmodified(alias).",
}


def _read(value: Any) -> datetime:
    text = str(value).strip()
    if len(text) == 8 and text.isascii() and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return datetime.fromisoformat(text)


def _date(value: Any, *_size: Any) -> str:
    return f"{_read(value):%Y-%m-%d}"


def _datetime(value: Any, *_size: Any) -> str:
    moment = _read(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(sep=" ", timespec="milliseconds")


def _moment(value: Any) -> str:
    moment = _read(value)
    return moment_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _decimal(value: Any, precision: Any = 18, scale: Any = 0) -> int | float:
    if not 1 <= precision <= _MAX_DIGITS or not 0 <= scale <= precision:
        raise ValueError(value)
    try:
        number = Decimal(str(value).strip()).quantize(Decimal(1).scaleb(-scale))
    except InvalidOperation as error:
        raise ValueError(value) from error
    if not number.is_finite() or number.adjusted() >= precision - scale:
        raise ValueError(value)
    return float(number) if scale else int(number)


def _varchar(value: Any, size: Any = _DEFAULT_VARCHAR) -> str:
    return str(value)[:size]
