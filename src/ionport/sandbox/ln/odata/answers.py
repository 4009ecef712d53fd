"""What LN's OData answers with (docs/reference/ln.md#odata)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ionport.sandbox.kit.operations import Answer
from ionport.sandbox.ln.odata.addresses import Asked
from ionport.sandbox.ln.odata.model import EntityType, EntityValues, Value, etag_of
from ionport.sandbox.ln.odata.query import Query, shown

_JSON = "application/json;odata.metadata=minimal;charset=utf-8"
VERSION: Final[Mapping[str, str]] = {"OData-Version": "4.0"}


def json_answer(content: Mapping[str, Any], status: int = 200, **headers: str) -> Answer:
    """Return an answer in JSON."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, body, _JSON, {**VERSION, **headers})


def entity_answer(
    values: EntityValues, query: Query, asked: Asked, base: str, status: int = 200, **headers: str
) -> Answer:
    """Return an answer with one entity."""
    context = f"{base}/$metadata#{asked.set}/$entity"
    content = {"@odata.context": context, **shown_entity(values, query, asked.kind)}
    return json_answer(content, status, ETag=etag_of(values), **headers)


def shown_entity(values: EntityValues, query: Query, kind: EntityType) -> dict[str, Any]:
    """Return an entity as an answer shows it, with its etag."""
    return {"@odata.etag": etag_of(values), **shown(values, query, kind)}


def key_text(entity: EntityValues, kind: EntityType) -> str:
    """Return the key of an entity as an address has it."""
    return ",".join(f"{name}={_literal(entity[name])}" for name in kind.keys)


def _literal(value: Value) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
