"""The parameters of a call: matrix and query parameters, or the body of a bulk call.

Parameters are lower case or camel case, fields of M3 are upper case
(docs/reference/m3.md#transactions-and-fields, docs/reference/m3.md#addresses-and-errors). A name
that begins with `_` is a client's own and is skipped (`_rid` keeps caches away).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ionport.core.errors import InvalidInput
from ionport.sandbox.kit.operations import Call
from ionport.sandbox.kit.texts import check_text, load_json_object, quoted
from ionport.sandbox.m3.fields import DateFormat

DEFAULT_COMPANY = 1
DEFAULT_DIVISION = "AAA"
MAX_RECORDS = 10_000
MAX_TRANSACTIONS = 2_000
_DEFAULT_RECORDS = 100

# Accepted without an effect (docs/reference/m3.md#public-programs).
_SILENT = frozenset(("lanc", "locale", "timezone", "bulkjobid", "m3user", "readtimeoutmillis"))
# The simulation flag is upper case as fields are, and no field.
_SIMULATION = "SIMU"


@dataclass(frozen=True, slots=True)
class Options:
    """How a call wants to be done and answered.

    Attributes:
        max_records: per transaction; at most 10,000, which is also what 0 means.
        metadata: v1 only: describe the output fields first.
        extended: v2 only: repeat the input in the result.
        columns: the output fields to return, in this order; all when empty.
    """

    company: int = DEFAULT_COMPANY
    division: str = DEFAULT_DIVISION
    max_records: int = _DEFAULT_RECORDS
    date_format: DateFormat = DateFormat.YMD8
    exclude_empty: bool = False
    right_trim: bool = True
    metadata: bool = True
    extended: bool = False
    is_pretty: bool = False
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One transaction that a call asks for; `columns` as in `Options`."""

    transaction: str
    record: Mapping[str, str]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """A call: transactions of one program, in order."""

    program: str
    options: Options
    requests: Sequence[Request]


def read_single(call: Call) -> Batch:
    """Read `execute/PGM/TRX;matrix?query`; raises InvalidInput."""
    name, *matrix = call.path_params["transaction"].split(";")
    pairs = [_pair(part) for part in matrix if part]
    pairs += call.query.multi_items()
    options, record = Options(), {}
    for key, value in pairs:
        check_text(key + value)
        changed = _with_option(options, key, value)
        if changed is not None:
            options = changed
        elif not key.startswith("_") and key != _SIMULATION:
            record[key] = value
    request = Request(name, record, options.columns)
    return Batch(call.path_params["program"], options, [request])


def read_bulk(call: Call) -> Batch:
    """Read the JSON of `POST v2/execute`; parameters in the query count as well.

    Source: docs/reference/m3.md#bulk.

    Raises:
        InvalidInput: no JSON object, no program, no list of transactions, too many of them, or
            a value that is neither text nor number.
    """
    body = load_json_object(call.body)
    requests = body.pop("transactions", None)
    if not isinstance(requests, list) or not requests:
        raise InvalidInput("The transactions are missing.", code="transactions_missing")
    if len(requests) > MAX_TRANSACTIONS:
        text = "A call takes at most {limit} transactions; send the rest in another."
        raise InvalidInput(text.format(limit=MAX_TRANSACTIONS), code="too_many_transactions")
    program = _text("program", body.pop("program", ""))
    options = Options()
    for key, value in (*call.query.multi_items(), *_texts(body).items()):
        check_text(key + value)
        options = _with_option(options, key, value) or options
    return Batch(program, options, [_request(each, options) for each in requests])


def _request(content: object, options: Options) -> Request:
    if not isinstance(content, dict):
        raise InvalidInput("A transaction is not a JSON object.", code="not_a_transaction")
    record = content.get("record") or {}
    columns = content.get("selectedColumns") or list(options.columns)
    if not isinstance(record, dict) or not isinstance(columns, list):
        raise InvalidInput(
            "The record is a JSON object, and selectedColumns a list.", code="not_a_record"
        )
    return Request(
        _text("transaction", content.get("transaction", "")),
        {name: value for name, value in _texts(record).items() if name != _SIMULATION},
        tuple(_text("selectedColumns", column) for column in columns),
    )


def _pair(part: str) -> tuple[str, str]:
    name, _equals, value = part.partition("=")
    return name, value


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(name, value) for name, value in values.items()}


def _text(name: str, value: object) -> str:
    """Return a value as text: null is blank, numbers are texts already."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        raise InvalidInput(f"{quoted(name)} is neither text nor number.", code="not_a_value")
    return value


def _with_option(options: Options, name: str, value: str) -> Options | None:
    """Return the options with that parameter set, or None when it is no parameter."""
    if name.isupper():
        return None
    if name.lower() in _SILENT:
        return options
    known = _OPTIONS.get(name.lower())
    if known is None:
        return None
    attribute, read = known
    return replace(options, **{attribute: read(name, value)})


def read_company(text: str) -> int:
    """Return a company's number, the default for a blank one; raises InvalidInput."""
    number = text.strip() or str(DEFAULT_COMPANY)
    if number.isascii() and number.isdigit() and len(number) <= 9 and 1 <= int(number) <= 999:
        return int(number)
    raise InvalidInput(
        f"The company is a number from 1 to 999, not {quoted(text)}.",
        code="XAU0008",
    )


def _company(_name: str, text: str) -> int:
    return read_company(text)


def _division(_name: str, text: str) -> str:
    division = text.strip() or DEFAULT_DIVISION
    if len(division) <= 3:
        return division
    raise InvalidInput(
        f"The division has at most 3 characters, unlike {quoted(text)}.",
        code="WDI0101",
    )


def _max_records(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise _wrong_parameter(name, text)
    return min(int(text) or MAX_RECORDS, MAX_RECORDS)


def _date_format(name: str, text: str) -> DateFormat:
    try:
        return DateFormat(text or DateFormat.YMD8)
    except ValueError as error:
        raise _wrong_parameter(name, text) from error


def _flag(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise _wrong_parameter(name, text)
    return text.lower() == "true"


def _columns(_name: str, text: str) -> tuple[str, ...]:
    return tuple(column.strip() for column in text.split(",") if column.strip())


def _format(name: str, text: str) -> bool:
    if text not in ("", "PRETTY", "COMPACT", "UNFORMATTED"):
        raise _wrong_parameter(name, text)
    return text == "PRETTY"


def _wrong_parameter(name: str, value: str) -> InvalidInput:
    return InvalidInput(
        f"The parameter {name} does not take {quoted(value)}.",
        code="wrong_parameter",
    )


# Lower case, in the spellings of the query, of m3-odin and of the bulk body.
_OPTIONS: Mapping[str, tuple[str, Callable[[str, str], Any]]] = {
    "cono": ("company", _company),
    "divi": ("division", _division),
    "maxrecs": ("max_records", _max_records),
    "maxreturnedrecords": ("max_records", _max_records),
    "dateformat": ("date_format", _date_format),
    "excludeempty": ("exclude_empty", _flag),
    "excludempty": ("exclude_empty", _flag),
    "excludeemptyvalues": ("exclude_empty", _flag),
    "righttrim": ("right_trim", _flag),
    "metadata": ("metadata", _flag),
    "extendedresult": ("extended", _flag),
    "format": ("is_pretty", _format),
    "returncols": ("columns", _columns),
}
