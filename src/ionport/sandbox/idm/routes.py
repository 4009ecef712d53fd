"""IDM's operations below `/{TENANT}/IDM/api` (docs/reference/idm.md#addresses-and-formats)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import existing
from ionport.sandbox.idm.documents import read_document, render
from ionport.sandbox.idm.errors import error_answer
from ionport.sandbox.idm.model import Item, ItemContent
from ionport.sandbox.idm.parameters import flags_of, is_true, page_of, query_text
from ionport.sandbox.idm.people import PeopleRepository
from ionport.sandbox.idm.query.model import Query
from ionport.sandbox.idm.query.parser import parse_query
from ionport.sandbox.idm.query.request import read_queries
from ionport.sandbox.idm.representation import entity_tree, item_tree, read_item, resource_tree
from ionport.sandbox.idm.service import IdmService
from ionport.sandbox.idm.tree import Tree
from ionport.sandbox.idm.wire import CHANGED_ITEM, NEW_ITEM, QUERY_DOCUMENT, QUERY_TEXT
from ionport.sandbox.kit.operations import (
    Answer,
    Call,
    Handler,
    Operation,
    Service,
    Step,
    from_clients,
    inferred,
    verified,
)
from ionport.store import Work

CONTEXT = "IDM"
# 100 MB of file as base64, and some space for the attributes.
MAX_BODY_BYTES = 133_500_000

_XML = "files above 7 MB in XML bodies (send JSON)"
_CREATE = verified("docs/reference/idm.md#create", left_out=f"collections (colls); {_XML}")
_READ = from_clients("docs/reference/idm.md#update-and-delete")
_UPDATE = from_clients("docs/reference/idm.md#update-and-delete", left_out="collections (colls)")
_VERSIONS = inferred(
    "docs/reference/idm.md#update-and-delete", left_out="no source names the address"
)
_UNDO = inferred("docs/reference/idm.md#update-and-delete", left_out="no source names the address")
_STREAM = verified("docs/reference/idm.md#search")
_NAMED_STREAM = inferred("docs/reference/idm.md#search")
_TEXT_SEARCH = "a text search looks not into files; $state and $language change nothing"
_SEARCH = verified("docs/reference/idm.md#search", left_out=_TEXT_SEARCH)
_COUNT = verified("docs/reference/idm.md#search", left_out="the answer's form is inferred")
_RESOURCE = verified(
    "docs/reference/idm.md#search", left_out="previews are stand-ins, not pictures of the file"
)
_DATA_MODEL = from_clients(
    "docs/reference/idm.md#data-model", left_out="repr, min and max are always empty"
)


def service(
    clock: Clock, blobs: Blobs, gateway_url: str, *, enforces_acls: bool = False
) -> Service:
    """Return IDM as one of the sandbox's services."""
    routes = IdmRoutes(IdmService(clock, blobs, enforces_acls=enforces_acls), gateway_url)
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
        item = "/api/items/{pid}"
        return [
            Operation("create item", "POST", "/api/items", self.create, _CREATE, wire=NEW_ITEM),
            *self._searches(),
            Operation("get file", "GET", f"{item}/resource/stream", self.stream, _STREAM),
            Operation(
                "get file", "GET", f"{item}/resource/{{name}}/stream", self.stream, _NAMED_STREAM
            ),
            Operation("list versions", "GET", f"{item}/versions", self.versions, _VERSIONS),
            Operation("undo check-out", "PUT", f"{item}/undocheckout", self.undo, _UNDO),
            Operation("get item", "GET", item, self.get, _READ),
            Operation("update item", "PUT", item, self.update, _UPDATE, wire=CHANGED_ITEM),
            Operation("delete item", "DELETE", item, self.delete, _READ),
            Operation(
                "list entities", "GET", "/api/datamodel/entities", self.entities, _DATA_MODEL
            ),
            Operation(
                "get entity", "GET", "/api/datamodel/entities/{name}", self.entity, _DATA_MODEL
            ),
        ]

    def _searches(self) -> list[Operation]:
        """Each by GET with a query text and by POST with a document.

        Source: docs/reference/idm.md#search.
        """
        search, resource = "/api/items/search", "/api/items/search/item/resource"
        rows: list[tuple[str, str, Callable[[Call, Query], Step]]] = [
            ("search items", search, self._search),
            ("count items", "/api/items/count", self._count),
            ("search item", f"{search}/item", self._search_item),
            ("search file", resource, self._search_resource),
            ("search and get file", f"{resource}/stream", self._search_stream),
            ("search file", f"{resource}/{{name}}", self._search_resource),
            ("search and get file", f"{resource}/{{name}}/stream", self._search_stream),
        ]
        facts = {search: _SEARCH, "/api/items/count": _COUNT, f"{search}/item": _SEARCH}
        return [
            Operation(name, method, path, by(handler), facts.get(path, _RESOURCE), wire=wire)
            for name, path, handler in rows
            for method, by, wire in (
                ("GET", self._by_text, QUERY_TEXT),
                ("POST", self._by_document, QUERY_DOCUMENT),
            )
        ]

    def create(self, call: Call) -> Step:
        """Answers 200 with the item; the status is inferred (docs/reference/idm.md#create)."""
        draft = self._service.draft(read_item(call.body, call.headers))
        check_out = is_true(call, "$checkout")

        def step(work: Work) -> Answer:
            item = self._service.create(
                work.within(call.scope), _who(call), draft, check_out=check_out
            )
            return self._item_answer(work, call, item, changed=True)

        return step

    def update(self, call: Call) -> Step:
        """Changes the item between check-out and check-in, as the flags say.

        Source: docs/reference/idm.md#update-and-delete.
        """
        content = read_item(call.body, call.headers) if call.body else ItemContent("", None, (), "")
        draft, flags = self._service.draft(content), flags_of(call)

        def step(work: Work) -> Answer:
            pid = call.path_params["pid"]
            item = self._service.change(work.within(call.scope), _who(call), pid, draft, flags)
            return self._item_answer(work, call, item, changed=True)

        return step

    def undo(self, call: Call) -> Step:
        """Take back a check-out; the address is inferred."""

        def step(work: Work) -> Answer:
            pid = call.path_params["pid"]
            item = self._service.undo_check_out(work.within(call.scope), _who(call), pid)
            return self._item_answer(work, call, item, changed=True)

        return step

    def get(self, call: Call) -> Step:
        """The item of a pid (docs/reference/idm.md#update-and-delete)."""

        def step(work: Work) -> Answer:
            item = self._service.get(work.within(call.scope), _who(call), call.path_params["pid"])
            return self._item_answer(work, call, item)

        return step

    def versions(self, call: Call) -> Step:
        """The item and its earlier versions, the newest first; the address is inferred."""

        def step(work: Work) -> Answer:
            pid = call.path_params["pid"]
            found = self._service.versions(work.within(call.scope), _who(call), pid)
            return _answer(call, {"items": {"item": self._trees(work, call, found)}})

        return step

    def delete(self, call: Call) -> Step:
        """Deletes an item with its versions (docs/reference/idm.md#update-and-delete)."""

        def step(work: Work) -> Answer:
            pid = call.path_params["pid"]
            item = self._service.delete(work.within(call.scope), _who(call), pid)
            return Answer(204, effects=(item.pid,))

        return step

    def stream(self, call: Call) -> Step:
        """The main file, or the one of that name (docs/reference/idm.md#search)."""

        def step(work: Work) -> Answer:
            item = self._service.get(work.within(call.scope), _who(call), call.path_params["pid"])
            return self._stream(call, item)

        return step

    def _search(self, call: Call, query: Query) -> Step:
        offset, limit = page_of(call)
        with_count = is_true(call, "$includeCount")

        def step(work: Work) -> Answer:
            found = self._service.search(work.within(call.scope), query, offset, limit)
            items: dict[str, Tree] = {"item": self._trees(work, call, found)}
            if call.method == "GET":
                items["searchXQuery"] = query_text(call)
            if with_count:
                items["searchCount"] = self._service.count(work.within(call.scope), query)
            return _answer(call, {"items": items})

        return step

    def _count(self, call: Call, query: Query) -> Step:
        def step(work: Work) -> Answer:
            return _answer(call, {"count": self._service.count(work.within(call.scope), query)})

        return step

    def _search_item(self, call: Call, query: Query) -> Step:
        """An empty item where nothing is found: clients ask so whether there is one."""

        def step(work: Work) -> Answer:
            item = self._first(work, call, query)
            return self._item_answer(work, call, item) if item else _answer(call, {"item": {}})

        return step

    def _search_resource(self, call: Call, query: Query) -> Step:
        def step(work: Work) -> Answer:
            item = self._found(work, call, query)
            resource = self._service.resource(item, call.path_params.get("name", ""))
            return _answer(call, {"res": resource_tree(resource, self._url(call, item))})

        return step

    def _search_stream(self, call: Call, query: Query) -> Step:
        def step(work: Work) -> Answer:
            return self._stream(call, self._found(work, call, query))

        return step

    def _found(self, work: Work, call: Call, query: Query) -> Item:
        item = self._first(work, call, query)
        return existing(item, "The search finds no item.", code="item_not_found")

    def _first(self, work: Work, call: Call, query: Query) -> Item | None:
        return next(iter(self._service.search(work.within(call.scope), query, 0, 1)), None)

    def _stream(self, call: Call, item: Item) -> Answer:
        resource, content = self._service.content(item, call.path_params.get("name", ""))
        disposition = f"attachment; filename*=UTF-8''{quote(resource.filename)}"
        return Answer(200, content, resource.mime_type, {"Content-Disposition": disposition})

    def entities(self, call: Call) -> Step:
        """All document types with their attributes (docs/reference/idm.md#data-model)."""

        def step(work: Work) -> Answer:
            entities = self._service.entities(work.within(call.scope)).values()
            return _answer(call, {"entities": {"entity": [entity_tree(each) for each in entities]}})

        return step

    def entity(self, call: Call) -> Step:
        """One document type with its attributes (docs/reference/idm.md#data-model)."""

        def step(work: Work) -> Answer:
            entity = self._service.entity(work.within(call.scope), call.path_params["name"])
            return _answer(call, {"entity": entity_tree(entity)})

        return step

    def _by_text(self, handler: Callable[[Call, Query], Step]) -> Handler:
        return lambda call: handler(call, self._found_by(call, parse_query(query_text(call))))

    def _by_document(self, handler: Callable[[Call, Query], Step]) -> Handler:
        def handle(call: Call) -> Step:
            query = read_queries(read_document(call.body, call.headers))
            return handler(call, self._found_by(call, query))

        return handle

    def _found_by(self, call: Call, query: Query) -> Query:
        """Return a query that finds what the caller may read, and that search has found by now."""
        return replace(self._service.readable(query, _who(call)), found_until=call.found_until)

    def _item_answer(self, work: Work, call: Call, item: Item, *, changed: bool = False) -> Answer:
        (tree,) = self._trees(work, call, [item])
        return _answer(call, {"item": tree}, *([item.pid] if changed else []))

    def _trees(self, work: Work, call: Call, items: Sequence[Item]) -> Sequence[Mapping[str, Tree]]:
        names = {item.entity_name for item in items}
        entities = self._service.entities(work.within(call.scope), names)
        url = self._items_url(call)
        people = {each for item in items for each in (item.created_by, item.changed_by)}
        people |= {item.checked_out_by for item in items if item.checked_out_by}
        known = PeopleRepository(work.connection).names(call.scope, people)
        return [item_tree(item, entities.get(item.entity_name), url, known) for item in items]

    def _url(self, call: Call, item: Item) -> str:
        return f"{self._items_url(call)}/{item.pid}"

    def _items_url(self, call: Call) -> str:
        return f"{self._gateway_url}/{call.caller.tenant_id}/{CONTEXT}/api/items"


def _who(call: Call) -> str:
    return call.caller.identity2 or call.caller.client_id


def _answer(call: Call, tree: Mapping[str, Tree], *effects: str) -> Answer:
    body, media_type = render(tree, call.headers)
    return Answer(200, body, media_type, effects=effects)
