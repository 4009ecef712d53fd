"""LN's OData below `/{TENANT}/LN/lnapi/odata` (docs/reference/ln.md#odata)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import quote

from ionport.core.errors import NotFound
from ionport.sandbox.kit.operations import Answer, Call, Operation, Step, Wire, from_clients
from ionport.sandbox.kit.texts import check_text, quoted
from ionport.sandbox.ln.model import DEFAULT_COMPANY
from ionport.sandbox.ln.odata.entities import Entities
from ionport.sandbox.ln.odata.model import (
    MAX_PAGE,
    BadQuery,
    EntityType,
    EntityValues,
    ODataService,
    describe,
    etag_of,
    service_named,
)
from ionport.sandbox.ln.odata.query import Query, read_key, read_query, shown
from ionport.sandbox.ln.service import LnService
from ionport.store import Work

ODATA: Final = "/lnapi/odata"
_JSON = "application/json;odata.metadata=minimal;charset=utf-8"
_FACT = from_clients(
    "docs/reference/ln.md#odata",
    left_out="changes, actions, $batch and X-Infor-LnIdentity; names of most properties are"
    " inferred, and those of the received invoices altogether",
)
_DESCRIBED = from_clients("docs/reference/ln.md#odata", left_out="actions and enumerations")
_PATH = re.compile(r"(?P<set>\w+)(?:\((?P<key>[^)]*)\))?(?:/(?P<way>\$?\w+))?")
_QUERY = Wire(query=("$filter", "$select", "$orderby", "$expand", "$top", "$skip", "$count"))
_MAX_COMPANY = 9_999


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a path names: a set, one of its entities, and what is below that one."""

    service: ODataService
    set: str
    kind: EntityType
    key: Mapping[str, str] | None
    way: str


class ODataRoutes:
    """The handlers."""

    def __init__(self, service: LnService, gateway_url: str) -> None:
        self._entities = Entities(service)
        self._gateway_url = gateway_url

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        return [
            Operation(
                "odata metadata",
                "GET",
                f"{ODATA}/{{service}}/$metadata",
                self.metadata,
                _DESCRIBED,
            ),
            Operation(
                "odata read",
                "GET",
                f"{ODATA}/{{service}}/{{path:path}}",
                self.read,
                _FACT,
                wire=_QUERY,
            ),
        ]

    def metadata(self, call: Call) -> Step:
        """Describes a service as JSON CSDL."""
        content = describe(service_named(call.path_params["service"]))
        return lambda _work: _answer(content)

    def read(self, call: Call) -> Step:
        """Answers a collection, its count, one entity, or what is below that one."""
        for text in (call.path, *call.query.values()):
            check_text(text)
        asked, company = _asked(call), _company(call)
        below = asked.kind.navigation.get(asked.way)
        query = read_query(call.query, below or asked.kind)
        base = f"{self._gateway_url}/{call.caller.tenant_id}/LN{ODATA}/{asked.service.name}"

        def step(work: Work) -> Answer:
            found = self._entities.of(work.within(call.scope), asked.set, company)
            if asked.key is None:
                return _collection(found, query, asked.kind, asked.set, base, asked.way)
            entity = _one(found, asked)
            if below is not None:
                name = f"{asked.set}({_key_text(entity, asked.kind)})/{asked.way}"
                return _collection(entity[asked.way], query, below, name, base, "")
            return _answer(
                {
                    "@odata.context": f"{base}/$metadata#{asked.set}/$entity",
                    **_entity(entity, query, asked.kind),
                }
            )

        return step


def _asked(call: Call) -> _Asked:
    service = service_named(call.path_params["service"])
    path = call.path_params["path"]
    match = _PATH.fullmatch(path)
    kind = service.sets.get(match["set"]) if match else None
    if match is None or kind is None:
        known = ", ".join(service.sets)
        raise NotFound(f"{service.name} has no {quoted(path)}; it has {known}.", code="not_found")
    key = None if match["key"] is None else read_key(match["key"], kind)
    way = match["way"] or ""
    if way and way not in ("$count" if key is None else "", *kind.navigation):
        raise NotFound(f"{kind.name} has no {quoted(way)}.", code="not_found")
    if way in kind.navigation and key is None:
        raise BadQuery(f"{way} is below one entity: name it, {match['set']}({kind.keys[0]}='…').")
    return _Asked(service, match["set"], kind, key, way)


def _company(call: Call) -> int:
    text = call.headers.get("x-infor-lncompany", "").strip() or str(DEFAULT_COMPANY)
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= _MAX_COMPANY):
        raise BadQuery(f"X-Infor-LnCompany is a number up to {_MAX_COMPANY}, not {quoted(text)}.")
    return int(text)


def _one(found: Iterable[EntityValues], asked: _Asked) -> EntityValues:
    wanted = asked.key or {}
    for entity in found:
        if all(str(entity.get(name)) == value for name, value in wanted.items()):
            return entity
    shown_key = ", ".join(f"{name}={value}" for name, value in wanted.items())
    raise NotFound(f"{asked.kind.name} {quoted(shown_key)} does not exist.", code="not_found")


def _collection(
    entities: Iterable[EntityValues],
    query: Query,
    kind: EntityType,
    name: str,
    base: str,
    way: str,
) -> Answer:
    matching = [each for each in entities if query.matches(each)]
    if way == "$count":
        return Answer(200, str(len(matching)).encode(), "text/plain;charset=utf-8")
    for field, descends in reversed(query.order):
        matching.sort(key=lambda each: _sortable(each.get(field)), reverse=descends)
    most = MAX_PAGE if query.top is None else min(query.top, MAX_PAGE)
    page = list(islice(matching, query.skip, query.skip + most))
    content: dict[str, Any] = {"@odata.context": f"{base}/$metadata#{name}"}
    if query.with_count:
        content["@odata.count"] = len(matching)
    content["value"] = [_entity(each, query, kind) for each in page]
    following = query.skip + len(page)
    if query.top is None and following < len(matching):
        content["@odata.nextLink"] = f"{base}/{quote(name, safe='()/=,')}?$skip={following}"
    return _answer(content)


def _sortable(value: Any) -> tuple[bool, Any]:
    return value is not None, "" if value is None else value


def _entity(values: EntityValues, query: Query, kind: EntityType) -> dict[str, Any]:
    return {"@odata.etag": etag_of(values), **shown(values, query, kind)}


def _key_text(entity: EntityValues, kind: EntityType) -> str:
    return ",".join(f"{name}='{entity[name]}'" for name in kind.keys)


def _answer(content: Mapping[str, Any]) -> Answer:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(200, body, _JSON, {"OData-Version": "4.0"})
