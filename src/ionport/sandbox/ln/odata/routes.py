"""LN's OData below `/{TENANT}/LN/lnapi/odata` (docs/reference/ln.md#odata)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from ionport.core.errors import NotFound
from ionport.sandbox.kit.operations import Answer, Call, Operation, Step, Wire, from_clients
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.ln.odata.addresses import ODATA, Asked, base_of, read_address
from ionport.sandbox.ln.odata.answers import entity_answer, json_answer, key_text, shown_entity
from ionport.sandbox.ln.odata.changes import ODataChanges
from ionport.sandbox.ln.odata.entities import Entities
from ionport.sandbox.ln.odata.model import (
    MAX_PAGE,
    BadQuery,
    EntityType,
    EntityValues,
    describe,
    service_named,
)
from ionport.sandbox.ln.odata.query import Query, read_query
from ionport.sandbox.ln.service import LnService
from ionport.store import Work

_FACT = from_clients(
    "docs/reference/ln.md#odata",
    left_out="X-Infor-LnIdentity; names of most properties are inferred, and those of the received"
    " invoices altogether",
)
_DESCRIBED = from_clients("docs/reference/ln.md#odata", left_out="actions and enumerations")
_QUERY = Wire(query=("$filter", "$select", "$orderby", "$expand", "$top", "$skip", "$count"))


class ODataRoutes:
    """The handlers."""

    def __init__(self, service: LnService, gateway_url: str) -> None:
        self._entities = Entities(service)
        self._changes = ODataChanges(service, gateway_url)
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
            *self._changes.operations(),
        ]

    def metadata(self, call: Call) -> Step:
        """Describes a service as JSON CSDL."""
        content = describe(service_named(call.path_params["service"]))
        return lambda _work: json_answer(content)

    def read(self, call: Call) -> Step:
        """Answers a collection, its count, one entity, or what is below that one."""
        asked = read_address(call)
        _check_way(asked)
        below = asked.kind.navigation.get(asked.way)
        query = read_query(call.query, below or asked.kind)
        base = base_of(self._gateway_url, call, asked)

        def step(work: Work) -> Answer:
            found = self._entities.of(work.within(call.scope), asked.set, asked.company)
            if asked.key is None:
                return _collection(found, query, asked.kind, asked.set, base, asked.way)
            entity = _one(found, asked)
            if below is not None:
                name = f"{asked.set}({key_text(entity, asked.kind)})/{asked.way}"
                return _collection(entity[asked.way], query, below, name, base, "")
            return entity_answer(entity, query, asked, base)

        return step


def _check_way(asked: Asked) -> None:
    kind, way = asked.kind, asked.way
    if way and way not in ("$count" if asked.key is None else "", *kind.navigation):
        raise NotFound(f"{kind.name} has no {quoted(way)}.", code="not_found")
    if way in kind.navigation and asked.key is None:
        raise BadQuery(f"{way} is below one entity: name it, {asked.set}({kind.keys[0]}='…').")


def _one(found: Iterable[EntityValues], asked: Asked) -> EntityValues:
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
    content["value"] = [shown_entity(each, query, kind) for each in page]
    following = query.skip + len(page)
    if query.top is None and following < len(matching):
        options = urlencode([*query.kept, ("$skip", following)], safe="$")
        content["@odata.nextLink"] = f"{base}/{quote(name, safe='()/=,')}?{options}"
    return json_answer(content)


def _sortable(value: Any) -> tuple[bool, Any]:
    return value is not None, "" if value is None else value
