"""The filters and sorts of the Data Lake (docs/reference/data-fabric.md#filters).

filter      = one ("or" one)*
one         = part ("and" part)*
part        = "(" filter ")" | field operator value
operator    = eq | ne | gt | ge | lt | le | like        value: 'text', "text" or text
            | in                                        ('a', 'b')
            | range                                     [from, to]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from ionport.core.errors import InvalidInput
from ionport.sandbox.kit.texts import quoted

_MAX_FILTER: Final = 8_000
_MAX_COMPARISONS: Final = 100
_MAX_DEPTH: Final = 20
_MAX_SORTS: Final = 5

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<mark>[()\[\],])
      | (?P<word>[^\s'"()\[\],]+)
    )""",
    re.VERBOSE,
)
_OPERATORS: Final = frozenset(("eq", "ne", "gt", "ge", "lt", "le", "like"))
_OF_TRUTHS: Final = ("eq", "ne", "in")
_MAX_DIGITS: Final = 18


class LakeField(StrEnum):
    """Fields that a filter or a sort may name (docs/reference/data-fabric.md#filters)."""

    DOCUMENT_NAME = "dl_document_name"
    ID = "dl_id"
    FROM_LOGICAL_ID = "dl_from_logical_id"
    FROM = "dl_from"
    SIZE = "dl_size"
    INSTANCE_COUNT = "dl_instance_count"
    DOCUMENT_DATE = "dl_document_date"
    INDEXED_DATE = "dl_document_indexed_date"
    EVENT_DATE = "event_date"
    CORRUPT = "dl_corrupt"
    BATCH_ID = "dl_batch_id"
    ACCOUNTING_ENTITY = "dl_header_accounting_entity"
    PUBLICATION_DATE = "dl_source_publication_date"


MOMENTS: Final = frozenset(
    (
        *(LakeField.DOCUMENT_DATE, LakeField.INDEXED_DATE, LakeField.EVENT_DATE),
        LakeField.PUBLICATION_DATE,
    )
)
_NUMBERS: Final = frozenset((LakeField.SIZE, LakeField.INSTANCE_COUNT))

Value = str | int | bool | datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison; each value is a text, number, truth or moment as the field wants.

    `in` has any number of values, `range` two, every other operator one.
    """

    field: LakeField
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Combined:
    """Conditions that hold all (`and`), or of which one holds."""

    is_and: bool
    conditions: tuple[Condition, ...]


Condition = Comparison | Combined


def read_filter(text: str) -> Condition | None:
    """Read a filter such as `dl_document_name eq 'Orders' and dl_size gt 10`; None when blank.

    Raises:
        InvalidInput: it is written otherwise, or names a field that there is not.
    """
    if len(text) > _MAX_FILTER:
        raise _wrong("The filter is too long.")
    if not text.strip():
        return None
    return _Reader(text).read()


def read_sort(texts: Sequence[str]) -> list[tuple[LakeField, bool]]:
    """Read sorts such as `event_date:desc`; the second value tells whether it descends.

    Raises:
        InvalidInput: a sort names no known field or direction.
    """
    found = []
    for text in texts[:_MAX_SORTS]:
        name, _colon, direction = text.partition(":")
        if direction.lower() not in ("", "asc", "desc"):
            raise _wrong(f"A sort ends in :asc or :desc, not in {quoted(text)}.")
        found.append((_field(name), direction.lower() == "desc"))
    return found


class _Reader:
    """Reads the tokens of one filter from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._position = 0
        self._comparisons = 0

    def read(self) -> Condition:
        condition = self._alternatives(0)
        if self._position != len(self._tokens):
            raise self._unreadable()
        return condition

    def _split(self) -> Iterator[tuple[str, bool]]:
        """Yield each token and whether it is a quoted text."""
        position, end = 0, len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise self._unreadable()
            position = match.end()
            if match["quoted"]:
                mark = match["quoted"][0]
                yield match["quoted"][1:-1].replace(mark * 2, mark), True
            else:
                yield match[0].strip(), False

    def _alternatives(self, depth: int) -> Condition:
        found = [self._all(depth)]
        while self._next_is("or"):
            self._position += 1
            found.append(self._all(depth))
        return found[0] if len(found) == 1 else Combined(False, tuple(found))

    def _all(self, depth: int) -> Condition:
        found = [self._part(depth)]
        while self._next_is("and"):
            self._position += 1
            found.append(self._part(depth))
        return found[0] if len(found) == 1 else Combined(True, tuple(found))

    def _part(self, depth: int) -> Condition:
        if self._next_is("("):
            if depth == _MAX_DEPTH:
                raise _wrong("The filter is nested too deeply.")
            self._position += 1
            condition = self._alternatives(depth + 1)
            self._expect(")")
            return condition
        return self._comparison()

    def _comparison(self) -> Comparison:
        self._comparisons += 1
        if self._comparisons > _MAX_COMPARISONS:
            raise _wrong(f"A filter has at most {_MAX_COMPARISONS} comparisons.")
        name, is_quoted = self._take()
        if is_quoted:
            raise self._unreadable()
        field, operator = _field(name), self._take()[0].lower()
        if field is LakeField.CORRUPT and operator not in _OF_TRUTHS:
            raise _wrong(f"{field} is true or false: compare it with {', '.join(_OF_TRUTHS)}.")
        if operator == "in":
            return Comparison(field, operator, self._list(field, "(", ")"))
        if operator == "range":
            values = self._list(field, "[", "]")
            if len(values) != 2:
                raise self._unreadable()
            return Comparison(field, operator, values)
        if operator not in _OPERATORS:
            raise self._unreadable()
        if operator == "like" and (field in MOMENTS or field in _NUMBERS):
            raise _wrong(f"like compares texts, which {field} is not.")
        return Comparison(field, operator, (_value(field, self._value_text()),))

    def _list(self, field: LakeField, opening: str, closing: str) -> tuple[Value, ...]:
        self._expect(opening)
        found = [_value(field, self._value_text())]
        while self._next_is(","):
            self._position += 1
            found.append(_value(field, self._value_text()))
            if len(found) > _MAX_COMPARISONS:
                raise _wrong(f"A list has at most {_MAX_COMPARISONS} values.")
        self._expect(closing)
        return tuple(found)

    def _value_text(self) -> str:
        text, is_quoted = self._take()
        if not is_quoted and text in "()[],":
            raise self._unreadable()
        return text

    def _next_is(self, word: str) -> bool:
        if self._position == len(self._tokens):
            return False
        text, is_quoted = self._tokens[self._position]
        return not is_quoted and text.lower() == word

    def _expect(self, mark: str) -> None:
        if not self._next_is(mark):
            raise self._unreadable()
        self._position += 1

    def _take(self) -> tuple[str, bool]:
        if self._position == len(self._tokens):
            raise self._unreadable()
        self._position += 1
        return self._tokens[self._position - 1]

    def _unreadable(self) -> InvalidInput:
        return _wrong(
            f"The filter {quoted(self._text)} is not like dl_document_name eq 'Orders' and"
            " (dl_size gt 10 or dl_document_date range [2026-01-01, 2026-02-01])."
        )


def _field(name: str) -> LakeField:
    try:
        return LakeField(name.lower())
    except ValueError as error:
        raise _wrong(f"{quoted(name)} is no field; known are {', '.join(LakeField)}.") from error


def _value(name: LakeField, text: str) -> Value:
    try:
        if name in _NUMBERS:
            if len(text) > _MAX_DIGITS:
                raise ValueError(text)
            return int(text)
        if name in MOMENTS:
            return moment_of(text)
        if name is LakeField.CORRUPT:
            return {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError) as error:
        raise _wrong(f"{quoted(text)} is no value of {name}.") from error
    return text


def moment_of(text: str) -> datetime:
    """Return a moment as a client writes it, in UTC unless it says; raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _wrong(text: str) -> InvalidInput:
    return InvalidInput(text, code="invalid_request", fields={"filter": text})
