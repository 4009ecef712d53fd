"""Values of Data Catalog and Data Lake, and their checks.

Source: docs/reference/data-fabric.md#data-lake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from ionport.core.errors import InvalidInput
from ionport.sandbox.datafabric.filters import Condition, LakeField
from ionport.sandbox.kit.texts import quoted

MAX_OBJECTS: Final = 1_000
MAX_RECORDS: Final = 10_000
MAX_OBJECT_BYTES: Final = 6_000_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,249}")
# Queries run in SQLite, which makes no table of such a name.
_RESERVED = "sqlite_"
# Infor's own logical ids are not taken (docs/reference/data-fabric.md#ingestion).
_LOGICAL_ID = re.compile(r"lid://(?=.{1,250}$)[\w-]+(\.[\w-]+){1,4}", re.ASCII)


class ObjectType(StrEnum):
    """Types of objects in the Data Catalog."""

    ANY = "ANY"
    BOD = "BOD"
    DSV = "DSV"
    JSON = "JSON"

    @property
    def is_queried(self) -> bool:
        """Whether Compass reads objects of the type."""
        return self in (ObjectType.DSV, ObjectType.JSON)


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

    Attributes:
        message: the row id of the ION message that brought it, empty for an upload.
        instances: how many records its content has.
        is_corrupt: somebody has marked it so; no query reads it.
        batch_id, accounting_entity, published_at: what its sender says of it, if anything.
    """

    id: str
    tenant_id: str
    document_name: str
    sender: str
    message: str
    sha256: str
    size: int
    stored_at: datetime
    instances: int = 1
    is_corrupt: bool = False
    is_archived: bool = False
    batch_id: str | None = None
    accounting_entity: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What a sender says of a data object beside its name; None: nothing."""

    batch_id: str | None = None
    accounting_entity: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LakeContent:
    """A content that lies in the blobs and is to become a data object."""

    document_name: str
    sender: str
    sha256: str
    size: int
    instances: int = 1
    is_archived: bool = False
    origin: Origin = Origin()


@dataclass(frozen=True, slots=True)
class LakeQuery:
    """Which data objects to list; newest first unless `sort` says.

    Attributes:
        text: what their name, sender or id contains.
        with_archived: those that were ingested as archived too.
    """

    condition: Condition | None = None
    sort: Sequence[tuple[LakeField, bool]] = ()
    text: str = ""
    with_archived: bool = False


def is_object_name(name: str) -> bool:
    """Tell whether an object of the Data Catalog may be called so."""
    return _NAME.fullmatch(name) is not None


def check_logical_id(text: str) -> None:
    """Raise InvalidInput unless data may be ingested under that logical id."""
    if _LOGICAL_ID.fullmatch(text) is None:
        raise _wrong(f"dl_from_logical_id is like lid://acme.erp.one, not {quoted(text)}.")
    if "infor" in text.lower():
        raise _wrong(f"The logical id {quoted(text)} may not name infor.")


def read_object(values: Mapping[str, Any]) -> tuple[str, ObjectType, Any, Any]:
    """Return name, type, schema and properties of the body of `POST object`.

    Raises:
        InvalidInput: one is missing or does not fit the type; the text names it.
    """
    name, kind = values.get("name"), values.get("type")
    if not isinstance(name, str) or not is_object_name(name):
        raise _wrong("name must be 1 to 250 letters, digits, dots and underscores.", "name")
    if name.lower().startswith(_RESERVED):
        raise _wrong(f"The sandbox keeps names that begin with {_RESERVED} for itself.", "name")
    if not isinstance(kind, str) or kind not in tuple(ObjectType):
        raise _wrong(f"type is one of {', '.join(ObjectType)}.", "type")
    schema, properties = values.get("schema"), values.get("properties")
    if kind == ObjectType.ANY and (schema or properties):
        raise _wrong("An object of type ANY has neither schema nor properties.", "schema")
    if kind in (ObjectType.DSV, ObjectType.JSON) and not isinstance(schema, dict):
        raise _wrong(f"An object of type {kind} needs a schema.", "schema")
    return name, ObjectType(kind), schema, properties


def _wrong(text: str, field: str = "") -> InvalidInput:
    return InvalidInput(text, code="invalid_request", fields={field: text} if field else None)
