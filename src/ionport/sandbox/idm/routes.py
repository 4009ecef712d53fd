"""IDM's operations below `/{TENANT}/IDM/api` (facts/infor-targets.md §1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.sandbox.idm.datamodel import ENTITIES, Entity, entity_named
from ionport.sandbox.idm.errors import error_answer
from ionport.sandbox.idm.model import MAX_SEARCH_LIMIT, Item, Resource
from ionport.sandbox.idm.representation import Tree, read_new_item, render
from ionport.sandbox.idm.service import IdmService
from ionport.sandbox.operations import Answer, Call, Operation, Service, Step, verified
from ionport.sandbox.texts import quoted
from ionport.store import Work

CONTEXT = "IDM"
MAX_BODY_BYTES = 140_000_000
_MAX_OFFSET = 10_000_000
_CREATE = verified("infor-targets.md §1.2")
_ITEMS = verified("infor-targets.md §1.4")
_SEARCH = verified("infor-targets.md §1.5")
_DATA_MODEL = verified("infor-targets.md §1.6")


def service(clock: Clock, blobs: Blobs, gateway_url: str) -> Service:
    """Return IDM as one of the sandbox's services."""
    routes = IdmRoutes(IdmService(clock, blobs), gateway_url)
    return Service(
        CONTEXT, "Document Management (IDM)", routes.operations(), error_answer, MAX_BODY_BYTES
    )


class IdmRoutes:
    """The handlers.

    Args:
        gateway_url: `iu` of the credential files, without a slash at its end; file links begin
            with it, never with what a client claims as Host.
    """

    def __init__(self, service: IdmService, gateway_url: str) -> None:
        self._service = service
        self._gateway_url = gateway_url.rstrip("/")

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        return [
            Operation("create item", "POST", "/api/items", self.create, _CREATE),
            Operation("search items", "GET", "/api/items/search", self.search, _SEARCH),
            Operation("get file", "GET", "/api/items/{pid}/resource/stream", self.stream, _SEARCH),
            Operation(
                "get file", "GET", "/api/items/{pid}/resource/{name}/stream", self.stream, _SEARCH
            ),
            Operation("get item", "GET", "/api/items/{pid}", self.get, _ITEMS),
            Operation("delete item", "DELETE", "/api/items/{pid}", self.delete, _ITEMS),
            Operation(
                "list entities", "GET", "/api/datamodel/entities", self.entities, _DATA_MODEL
            ),
            Operation(
                "get entity", "GET", "/api/datamodel/entities/{name}", self.entity, _DATA_MODEL
            ),
        ]

    def create(self, call: Call) -> Step:
        """§1.2: answers 200 with the item; the status is inferred."""
        draft = self._service.draft(read_new_item(call.body, call.headers))
        by = call.caller.identity2 or call.caller.client_id

        def step(work: Work) -> Answer:
            item = self._service.create(work, call.scope, by, draft)
            return _answer(call, {"item": self._item(item)}, item.pid)

        return step

    def get(self, call: Call) -> Step:
        """§1.4."""

        def step(work: Work) -> Answer:
            item = self._service.get(work, call.scope, call.path_params["pid"])
            return _answer(call, {"item": self._item(item)})

        return step

    def delete(self, call: Call) -> Step:
        """§1.4."""
        pid = call.path_params["pid"]

        def step(work: Work) -> Answer:
            self._service.delete(work, call.scope, pid)
            return Answer(204, effects=(pid,))

        return step

    def search(self, call: Call) -> Step:
        """§1.5."""
        query = self._service.query(_parameter(call, "$query"))
        offset = _number(call, "$offset", 0, _MAX_OFFSET)
        limit = _number(call, "$limit", 100, MAX_SEARCH_LIMIT)

        def step(work: Work) -> Answer:
            items = self._service.search(work, call.scope, query, offset, limit)
            tree = {"items": {"item": [self._item(item) for item in items]}}
            return _answer(call, tree)

        return step

    def stream(self, call: Call) -> Step:
        """§1.5: the main file, or the one of that name."""
        pid, name = call.path_params["pid"], call.path_params.get("name", "")

        def step(work: Work) -> Answer:
            resource, content = self._service.file(work, call.scope, pid, name)
            disposition = f"attachment; filename*=UTF-8''{quote(resource.filename)}"
            headers = {"Content-Disposition": disposition}
            return Answer(200, content, resource.mime_type, headers)

        return step

    def entities(self, call: Call) -> Step:
        """§1.6."""
        entities = [_entity(entity) for entity in ENTITIES.values()]
        return _known(lambda: _answer(call, {"entities": {"entity": entities}}))

    def entity(self, call: Call) -> Step:
        """§1.6."""
        entity = entity_named(call.path_params["name"])
        return _known(lambda: _answer(call, {"entity": _entity(entity)}))

    def _item(self, item: Item) -> Tree:
        definitions = entity_named(item.entity_name).attributes
        attributes = [
            {
                "name": each.name,
                "type": str(definitions[each.name].type),
                "qual": "",
                "value": each.value,
            }
            for each in item.attributes
        ]
        main = item.main_resource
        return {
            "pid": item.pid,
            "id": str(item.number),
            "version": str(item.version),
            "entityName": item.entity_name,
            "reprItem": main.filename if main else "",
            "createdBy": item.created_by,
            "createdByName": item.created_by,
            "createdTS": item.created_at.isoformat(),
            "lastChangedBy": item.changed_by,
            "lastChangedByName": item.changed_by,
            "lastChangedTS": item.changed_at.isoformat(),
            "attrs": {"attr": attributes},
            "resrs": {"res": [self._resource(item, each) for each in item.resources]},
            "acl": {"name": item.acl, "desc": item.acl},
        }

    def _resource(self, item: Item, resource: Resource) -> Mapping[str, Tree]:
        item_url = f"{self._gateway_url}/{item.tenant_id}/{CONTEXT}/api/items/{item.pid}"
        name = f"/{resource.name}" if resource.name else ""
        return {
            "name": resource.name,
            "filename": resource.filename,
            "mimetype": resource.mime_type,
            "size": str(resource.size),
            "url": f"{item_url}/resource{name}/stream",
        }


def _entity(entity: Entity) -> Mapping[str, Tree]:
    attributes = [
        {
            "name": attribute.name,
            "desc": attribute.description,
            "type": str(attribute.type),
            "qual": "",
            "required": "false",
            "searchable": "true",
        }
        for attribute in entity.attributes.values()
    ]
    return {
        "name": entity.name,
        "desc": entity.description,
        "root": "true",
        "search": "true",
        "resEnabled": "true",
        "attrs": {"attr": attributes},
        "acls": {"acl": [{"name": acl, "desc": acl} for acl in entity.acls]},
    }


def _answer(call: Call, tree: Mapping[str, Tree], *effects: str) -> Answer:
    body, media_type = render(tree, call.headers)
    return Answer(200, body, media_type, effects=effects)


def _known(answer: Callable[[], Answer]) -> Step:
    """Return a step that needs no row."""
    return lambda _work: answer()


def _parameter(call: Call, name: str) -> str:
    value = call.query.get(name, "")
    if not value:
        raise InvalidInput(
            _("The parameter {name} is missing.").format(name=name), code="parameter_missing"
        )
    return value


def _number(call: Call, name: str, default: int, highest: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidInput(
            _("The parameter {name} is a number, not {value}.").format(
                name=name, value=quoted(text)
            ),
            code="parameter_not_a_number",
        )
    return min(int(text), highest)
