"""The functions that Compass has and SQLite has not, or has without a bound on their time.

Source: docs/reference/data-fabric.md#sql-of-compass.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ionport.sandbox.datafabric.compass.like import matches
from ionport.sandbox.kit.texts import quoted

MAX_VALUE: Final = 7_000_000
"""The most bytes of one value."""
_DEFAULT_VARCHAR: Final = 30
_MAX_DIGITS: Final = 38


def moment_text(moment: datetime) -> str:
    """Return a moment in UTC to the millisecond, as Data Fabric writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def add_functions(
    connection: sqlite3.Connection,
    modified_of: Callable[[int], str],
    problems: list[str],
    is_over: Callable[[], bool],
) -> None:
    """Give a connection the functions; what is wrong with a value is added to `problems`.

    LIKE asks whether the time `is_over`: one may take a second, and SQLite asks after many only.
    """

    def like(pattern: Any, *rest: Any) -> int | None:
        if is_over():
            connection.interrupt()
            return None
        return matches(pattern, *rest)

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

    own: Mapping[str, Callable[..., Any]] = {
        "infor_date": _date,
        "infor_datetime": _datetime,
        "infor_decimal": _decimal,
        "infor_varchar": _varchar,
        "infor_moment": _moment,
        "infor_lastmodified": modified_of,
        "like": like,
        **_LINEAR,
    }
    for name, function in own.items():
        connection.create_function(name, -1, told(name, function), deterministic=True)


_PROBLEMS: Mapping[str, str] = {
    "infor_date": "CAST AS date does not take {value}.",
    "infor_datetime": "CAST AS datetime does not take {value}.",
    "infor_decimal": "CAST AS decimal does not take {value}.",
    "infor_varchar": "CAST AS varchar does not take {value}.",
    "infor_moment": "infor.lastmodified is compared with a date or a moment, not with {value}.",
    "infor_lastmodified": "infor.lastmodified is of an object: name it, infor.lastmodified(alias).",
    "like": "LIKE takes a pattern of 100 characters at most, and behind ESCAPE one character.",
    "instr": "INSTR takes two texts.",
    "replace": "REPLACE takes three texts, and makes one of 7 MB at most.",
    "trim": "TRIM takes one text or two.",
    "ltrim": "LTRIM takes one text or two.",
    "rtrim": "RTRIM takes one text or two.",
}


def _instr(value: Any, part: Any) -> int | None:
    if part is None:
        return None
    if isinstance(value, bytes) and isinstance(part, bytes):
        return value.find(part) + 1
    return _text(value).find(_text(part)) + 1


def _replace(value: Any, old: Any, new: Any) -> str | None:
    if old is None or new is None:
        return None
    text, part, other = _text(value), _text(old), _text(new)
    if not part:
        return text
    if len(text) + text.count(part) * (len(other) - len(part)) > MAX_VALUE:
        raise ValueError(value)
    return text.replace(part, other)


def _trim(value: Any, *characters: Any) -> str | None:
    left = _ltrim(value, *characters)
    return None if left is None else _rtrim(left, *characters)


def _ltrim(value: Any, characters: Any = " ") -> str | None:
    if characters is None:
        return None
    text, dropped = _text(value), frozenset(_text(characters))
    return text[next((at for at, one in enumerate(text) if one not in dropped), len(text)) :]


def _rtrim(value: Any, characters: Any = " ") -> str | None:
    if characters is None:
        return None
    text, dropped = _text(value), frozenset(_text(characters))
    kept = next((at for at in range(len(text), 0, -1) if text[at - 1] not in dropped), 0)
    return text[:kept]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


# SQLite has these too, but takes the product of both lengths for them: hours for texts of 7 MB, in
# one step, which nothing can stop.
_LINEAR: Mapping[str, Callable[..., Any]] = {
    "instr": _instr,
    "replace": _replace,
    "trim": _trim,
    "ltrim": _ltrim,
    "rtrim": _rtrim,
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
