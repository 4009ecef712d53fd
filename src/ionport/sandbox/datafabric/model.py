"""Values of Data Catalog and Data Lake, and how their lists are filtered and sorted.

Source: docs/reference/data-fabric.md#data-lake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from ionport.core.errors import InvalidInput
from ionport.sandbox.kit.texts import quoted

MAX_OBJECTS: Final = 1_000
MAX_RECORDS: Final = 10_000
MAX_OBJECT_BYTES: Final = 6_000_000
_MAX_FILTER: Final = 2_000
_MAX_COMPARISONS: Final = 10

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,249}")
_COMPARISON = re.compile(
    r"\s*(?P<field>[a-z_]+)\s+(?P<operator>eq|ne|gt|ge|lt|le)\s+"
    r"(?:'(?P<quoted>(?:[^']|'')*)'|(?P<bare>[^\s']+))\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"and\b", re.IGNORECASE)


class ObjectType(StrEnum):
    """Types of objects in the Data Catalog."""

    ANY = "ANY"
    BOD = "BOD"
    DSV = "DSV"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class CatalogObject:
    """An object that the Data Catalog knows; `schema` and `properties` are JSON or None."""

    name: str
    type: ObjectType
    schema: Any
    properties: Any
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class LakeObject:
    """One data object in the Data Lake; `sender` is a logical id or a user, size in bytes.

    `message` is the row id of the ION message that brought it, empty for an upload.
    """

    id: str
    tenant_id: str
    document_name: str
    sender: str
    message: str
    sha256: str
    size: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class LakeContent:
    """A content that lies in the blobs and is to become a data object."""

    document_name: str
    sender: str
    sha256: str
    size: int


class LakeField(StrEnum):
    """Fields that a filter or a sort may name; all but the first and the last are inferred."""

    DOCUMENT_NAME = "dl_document_name"
    ID = "dl_id"
    FROM = "dl_from"
    SIZE = "dl_size"
    DOCUMENT_DATE = "dl_document_date"
    EVENT_DATE = "event_date"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a filter; `value` is a text, a size or a moment as its field wants."""

    field: LakeField
    operator: str
    value: str | int | datetime


@dataclass(frozen=True, slots=True)
class LakeQuery:
    """Which data objects to list: all comparisons hold; newest first unless `sort` says."""

    comparisons: Sequence[Comparison] = ()
    sort: Sequence[tuple[LakeField, bool]] = ()
    text: str = ""


def is_object_name(name: str) -> bool:
    """Tell whether an object of the Data Catalog may be called so."""
    return _NAME.fullmatch(name) is not None


def read_object(values: Mapping[str, Any]) -> tuple[str, ObjectType, Any, Any]:
    """Return name, type, schema and properties of the body of `POST object`.

    Raises:
        InvalidInput: one is missing or does not fit the type; the text names it.
    """
    name, kind = values.get("name"), values.get("type")
    if not isinstance(name, str) or not is_object_name(name):
        raise _wrong("name must be 1 to 250 letters, digits, dots and underscores.", "name")
    if not isinstance(kind, str) or kind not in tuple(ObjectType):
        raise _wrong(f"type is one of {', '.join(ObjectType)}.", "type")
    schema, properties = values.get("schema"), values.get("properties")
    if kind == ObjectType.ANY and (schema or properties):
        raise _wrong("An object of type ANY has neither schema nor properties.", "schema")
    if kind in (ObjectType.DSV, ObjectType.JSON) and not isinstance(schema, dict):
        raise _wrong(f"An object of type {kind} needs a schema.", "schema")
    return name, ObjectType(kind), schema, properties


def read_filter(text: str) -> list[Comparison]:
    """Read a filter such as `dl_document_name eq 'Orders'`, its comparisons joined by `and`.

    Raises:
        InvalidInput: it is written otherwise, or names a field that there is not.
    """
    if len(text) > _MAX_FILTER:
        raise _wrong("The filter is too long.")
    found: list[Comparison] = []
    position = 0
    while text[position:].strip():
        if found:
            joint = _AND.match(text, position)
            if joint is None:
                raise _unreadable(text)
            position = joint.end()
        match = _COMPARISON.match(text, position)
        if match is None or len(found) == _MAX_COMPARISONS:
            raise _unreadable(text)
        found.append(_comparison(match))
        position = match.end()
    return found


def read_sort(texts: Sequence[str]) -> list[tuple[LakeField, bool]]:
    """Read sorts such as `event_date:desc`; the second value tells whether it descends.

    Raises:
        InvalidInput: a sort names no known field or direction.
    """
    found = []
    for text in texts[:5]:
        name, _colon, direction = text.partition(":")
        if direction.lower() not in ("", "asc", "desc"):
            raise _wrong(f"A sort ends in :asc or :desc, not in {quoted(text)}.")
        found.append((_field(name), direction.lower() == "desc"))
    return found


def _comparison(match: re.Match[str]) -> Comparison:
    name = _field(match["field"])
    text = match["bare"] if match["quoted"] is None else match["quoted"].replace("''", "'")
    return Comparison(name, match["operator"].lower(), _value(name, text))


def _field(name: str) -> LakeField:
    try:
        return LakeField(name.lower())
    except ValueError as error:
        raise _wrong(f"{quoted(name)} is no field; known are {', '.join(LakeField)}.") from error


def _value(name: LakeField, text: str) -> str | int | datetime:
    try:
        if name is LakeField.SIZE:
            return int(text[:18])
        if name in (LakeField.DOCUMENT_DATE, LakeField.EVENT_DATE):
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError as error:
        raise _wrong(f"{quoted(text)} is no value of {name}.") from error
    return text


def _unreadable(text: str) -> InvalidInput:
    return _wrong(
        f"The filter {quoted(text)} is not like dl_document_name eq 'Orders' and dl_size gt 10."
    )


def _wrong(text: str, field: str = "") -> InvalidInput:
    return InvalidInput(text, code="invalid_request", fields={field: text} if field else None)
