"""The operations of the Data Catalog, at its present and at its old address.

Source: docs/reference/data-fabric.md#data-catalog.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ionport.core.errors import NotFound
from ionport.sandbox.datafabric.model import CatalogObject, ObjectType
from ionport.sandbox.datafabric.service import DataLakeService
from ionport.sandbox.datafabric.wire import json_answer
from ionport.sandbox.kit.operations import (
    Answer,
    Call,
    Fact,
    Handler,
    Operation,
    Step,
    Wire,
    from_clients,
    inferred,
    verified,
)
from ionport.sandbox.kit.texts import load_json_object, quoted
from ionport.store import Work

CATALOG: Final = "/datacatalog/v1"
# What Infor has at the address of an object of that name.
_EVENTS: Final = "events"
_SECTION = "docs/reference/data-fabric.md#data-catalog"
_UNREAD = "names in the answer that the known client does not read"
_KEPT = verified(_SECTION, left_out=_UNREAD)
_LISTED = from_clients(_SECTION, left_out="subType; the path's form is inferred")
_READ = from_clients(_SECTION, left_out="subType")
_NOUNS = from_clients(_SECTION, left_out="nouns that Infor brings along: those of the catalog")
_NO_WIRE = Wire()
_OBJECT = Wire(
    takes=("application/json",),
    schema={
        "type": "object",
        "required": ["name", "type", "schema"],
        "properties": {
            "name": {"type": "string"},
            "type": {"enum": ["ANY", "BOD", "DSV", "JSON"]},
            "schema": {"type": ["object", "null"]},
            "properties": {"type": ["object", "null"]},
        },
    },
    example='{"name": "Invoices", "type": "ANY", "schema": null, "properties": {}}',
)


class CatalogRoutes:
    """The handlers."""

    def __init__(self, service: DataLakeService) -> None:
        self._service = service

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""

        def row(
            name: str, method: str, path: str, handler: Handler, fact: Fact, wire: Wire = _NO_WIRE
        ) -> Operation:
            return Operation(name, method, f"{CATALOG}{path}", handler, fact, wire=wire)

        return [
            row("catalog ping", "GET", "/status/ping", self.ping, _KEPT),
            row("list objects", "GET", "/object/list", self.list_objects, _LISTED),
            row("get object", "GET", "/object/{name}", self.get_object, _READ),
            row("get schema", "GET", "/object/{name}/schema", self.get_schema, _READ),
            row(
                "get properties",
                "GET",
                "/object/{name}/properties",
                self.get_properties,
                inferred(_SECTION),
            ),
            row("put object", "POST", "/object", self.put_object, _KEPT, _OBJECT),
            row("delete object", "DELETE", "/object/{name}", self.delete_object, _KEPT),
            row("list nouns", "GET", "/noun", self.list_nouns, _NOUNS),
            row("get noun", "GET", "/noun/{name}", self.get_noun, _NOUNS),
        ]

    def ping(self, call: Call) -> Step:
        """Answers 200; the body is inferred."""
        return lambda _work: json_answer(200, {"status": "OK"})

    def put_object(self, call: Call) -> Step:
        """Stores an object; the client looks at the status alone."""
        values = load_json_object(call.body, with_numbers=True)

        def step(work: Work) -> Answer:
            entry = self._service.put_object(work.within(call.scope), call.caller.client_id, values)
            content = {"name": entry.name, "type": entry.type.value}
            return json_answer(200, content, effects=(entry.name,))

        return step

    def list_objects(self, call: Call) -> Step:
        """Lists the objects of the catalog by name; there are at most 1,000."""

        def step(work: Work) -> Answer:
            found = self._service.known_objects(work.within(call.scope))
            return json_answer(200, [_listed(entry) for entry in found])

        return step

    def get_object(self, call: Call) -> Step:
        """Answers with an object, its schema and its properties."""

        def step(work: Work) -> Answer:
            entry = self._entry(call, work)
            own = {"schema": entry.schema, "properties": entry.properties}
            return json_answer(200, {**_listed(entry), **own})

        return step

    def get_schema(self, call: Call) -> Step:
        """Answers with the JSON Schema of an object; 404 where it has none."""
        return lambda work: _part(self._entry(call, work), "schema")

    def get_properties(self, call: Call) -> Step:
        """Answers with the properties of an object; 404 where it has none."""
        return lambda work: _part(self._entry(call, work), "properties")

    def delete_object(self, call: Call) -> Step:
        """Removes an object."""
        name = call.path_params["name"]

        def step(work: Work) -> Answer:
            self._service.delete_object(work.within(call.scope), name)
            return json_answer(200, {"name": name}, effects=(name,))

        return step

    def list_nouns(self, call: Call) -> Step:
        """Lists the nouns of the catalog's BODs."""

        def step(work: Work) -> Answer:
            found = self._service.known_objects(work.within(call.scope))
            nouns = {_noun_of(each.name) for each in found if each.type is ObjectType.BOD}
            return json_answer(200, [{"name": name, "standard": False} for name in sorted(nouns)])

        return step

    def get_noun(self, call: Call) -> Step:
        """Answers with a noun: its schema, and the paths that its object's properties name."""
        name = call.path_params["name"]

        def step(work: Work) -> Answer:
            found = self._service.known_objects(work.within(call.scope))
            bods = [each for each in found if each.type is ObjectType.BOD]
            own = [each for each in bods if _noun_of(each.name).lower() == name.lower()]
            if not own:
                raise NotFound(
                    f"The Data Catalog has no noun {quoted(name)}.", code="noun_not_found"
                )
            return json_answer(200, _noun(own))

        return step

    def _entry(self, call: Call, work: Work) -> CatalogObject:
        access, name = work.within(call.scope), call.path_params["name"]
        if name.lower() == _EVENTS and not self._service.knows(access, name):
            text = "The sandbox does not imitate the events of objects."
            raise NotFound(text, code="operation_not_imitated")
        return self._service.known_object(access, name)


def _part(entry: CatalogObject, name: str) -> Answer:
    content = getattr(entry, name)
    if content is None:
        raise NotFound(
            f"Object {entry.name} is of type {entry.type.value} and has no {name}.",
            code=f"{name}_not_found",
        )
    return json_answer(200, content)


def _listed(entry: CatalogObject) -> dict[str, object]:
    return {
        "name": entry.name,
        "type": entry.type.value,
        "lastUpdatedBy": entry.changed_by,
        "lastUpdatedOn": round(entry.changed_at.timestamp() * 1000),
    }


def _noun_of(name: str) -> str:
    """Return the noun of a document such as `Sync.CaptureDocument`, or the name itself."""
    return name.partition(".")[2] or name


def _noun(entries: list[CatalogObject]) -> Mapping[str, Any]:
    entry = entries[0]
    given = entry.properties if isinstance(entry.properties, dict) else {}
    verbs = sorted({each.name.partition(".")[0] for each in entries if "." in each.name})
    return {
        "name": _noun_of(entry.name),
        "standard": False,
        "nounSchemaXsd": entry.schema if isinstance(entry.schema, str) else "",
        "nounMetadataXml": "",
        "properties": {"verbs": verbs, "relations": [], **given},
    }
