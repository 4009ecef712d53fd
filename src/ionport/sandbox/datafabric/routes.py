"""Operations below `/{TENANT}/IONSERVICES/datacatalog` and `…/datalakeapi`.

Source: docs/reference/data-fabric.md#data-lake.

Paths, parameters, `numFound`, `fields[].dl_id` and `purgedNumber` were seen in a client; the
other names in the answers are inferred, and so are the errors.
"""

from __future__ import annotations

import json

from ionport.core.errors import InvalidInput, IonportError
from ionport.sandbox.datafabric.model import (
    MAX_RECORDS,
    CatalogObject,
    LakeObject,
    LakeQuery,
    read_filter,
    read_sort,
)
from ionport.sandbox.datafabric.service import DataLakeService
from ionport.sandbox.kit.operations import (
    Answer,
    Call,
    Operation,
    Step,
    Wire,
    from_clients,
    verified,
)
from ionport.sandbox.kit.texts import load_json_object, quoted
from ionport.store import Work

_CATALOG = "/datacatalog/v1"
_LAKE = "/datalakeapi/v1"
ADDRESSES = ("/datacatalog/", "/datalakeapi/")
_DEFAULT_RECORDS = 20
_MAX_IDS = 1_000
_SECTION = "docs/reference/data-fabric.md#data-lake"
_UNREAD = "names in the answer that the known client does not read"
_CALLED = verified(_SECTION, left_out=_UNREAD)
_PURGE = verified(_SECTION, left_out="names in the answer but purgedNumber")
_CATALOG_SECTION = "docs/reference/data-fabric.md#data-catalog"
_KEPT = verified(_CATALOG_SECTION, left_out=_UNREAD)
_LISTED = from_clients(_CATALOG_SECTION, left_out="subType; the path's form is inferred")
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


class DataLakeRoutes:
    """The handlers."""

    def __init__(self, service: DataLakeService) -> None:
        self._service = service

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        return [
            Operation("catalog ping", "GET", f"{_CATALOG}/status/ping", self.ping, _KEPT),
            Operation("list objects", "GET", f"{_CATALOG}/object/list", self.list_objects, _LISTED),
            Operation(
                "put object", "POST", f"{_CATALOG}/object", self.put_object, _KEPT, wire=_OBJECT
            ),
            Operation(
                "delete object",
                "DELETE",
                f"{_CATALOG}/object/{{name}}",
                self.delete_object,
                _KEPT,
            ),
            Operation("lake ping", "GET", f"{_LAKE}/status/ping", self.ping, _CALLED),
            Operation(
                "list payloads",
                "GET",
                f"{_LAKE}/payloads/list",
                self.list,
                _CALLED,
                wire=Wire(query=("filter", "sort", "page", "records")),
            ),
            Operation(
                "stream by id",
                "GET",
                f"{_LAKE}/payloads/streambyid",
                self.stream,
                _CALLED,
                wire=Wire(query=("datalakeId",)),
            ),
            Operation(
                "purge ids",
                "DELETE",
                f"{_LAKE}/purge/ids",
                self.purge_ids,
                _PURGE,
                wire=Wire(query=("id",)),
            ),
            Operation(
                "purge filter",
                "DELETE",
                f"{_LAKE}/purge/filter",
                self.purge_filter,
                _PURGE,
                wire=Wire(query=("filter",)),
            ),
        ]

    def ping(self, call: Call) -> Step:
        """Answers 200; the body is inferred."""
        return lambda _work: _json(200, {"status": "OK"})

    def put_object(self, call: Call) -> Step:
        """Stores an object; the client looks at the status alone."""
        values = load_json_object(call.body)

        def step(work: Work) -> Answer:
            entry = self._service.put_object(work.within(call.scope), call.caller.client_id, values)
            content = {"name": entry.name, "type": entry.type.value}
            return _json(200, content, effects=(entry.name,))

        return step

    def list_objects(self, call: Call) -> Step:
        """Lists the objects of the catalog by name; there are at most 1,000."""

        def step(work: Work) -> Answer:
            found = self._service.known_objects(work.within(call.scope))
            return _json(200, [_listed(entry) for entry in found])

        return step

    def delete_object(self, call: Call) -> Step:
        """Removes an object."""
        name = call.path_params["name"]

        def step(work: Work) -> Answer:
            self._service.delete_object(work.within(call.scope), name)
            return _json(200, {"name": name}, effects=(name,))

        return step

    def list(self, call: Call) -> Step:
        """Lists data objects by filter, sort, page (from 1) and records."""
        query = LakeQuery(
            read_filter(call.query.get("filter", "")), read_sort(call.query.getlist("sort"))
        )
        limit = _number(call, "records", _DEFAULT_RECORDS, most=MAX_RECORDS)
        page = _number(call, "page", 1, most=1_000_000)

        def step(work: Work) -> Answer:
            items, total = self._service.find(
                work.within(call.scope), query, limit=limit, offset=(page - 1) * limit
            )
            return _json(200, {"numFound": total, "fields": [_fields(item) for item in items]})

        return step

    def stream(self, call: Call) -> Step:
        """Sends the content of a data object."""
        object_id = _needed(call, "datalakeId")

        def step(work: Work) -> Answer:
            _item, content = self._service.content(work.within(call.scope), object_id)
            return Answer(200, content, "application/octet-stream")

        return step

    def purge_ids(self, call: Call) -> Step:
        """Removes data objects; several ids come as several parameters, or between commas."""
        ids = [one for text in call.query.getlist("id") for one in text.split(",") if one]
        if not 0 < len(ids) <= _MAX_IDS:
            raise _wrong(f"Name 1 to {_MAX_IDS} ids.")

        def step(work: Work) -> Answer:
            purged = self._service.purge(work.within(call.scope), ids)
            return _json(200, {"purgedNumber": purged}, effects=tuple(ids[:20]))

        return step

    def purge_filter(self, call: Call) -> Step:
        """Removes what a filter finds."""
        text = _needed(call, "filter")

        def step(work: Work) -> Answer:
            purged = self._service.purge_matching(work.within(call.scope), text)
            return _json(200, {"purgedNumber": purged})

        return step


def error_answer(call: Call, error: IonportError) -> Answer:
    """Return an error as code and message; the shape is inferred."""
    status = 400 if isinstance(error, InvalidInput) else error.status
    return _json(status, {"code": error.code, "message": error.text})


def _listed(entry: CatalogObject) -> dict[str, object]:
    return {
        "name": entry.name,
        "type": entry.type.value,
        "lastUpdatedBy": entry.changed_by,
        "lastUpdatedOn": round(entry.changed_at.timestamp() * 1000),
    }


def _fields(item: LakeObject) -> dict[str, object]:
    moment = item.stored_at.isoformat()
    return {
        "dl_id": item.id,
        "dl_document_name": item.document_name,
        "dl_from": item.sender,
        "dl_size": item.size,
        "dl_document_date": moment,
        "event_date": moment,
    }


def _needed(call: Call, name: str) -> str:
    value = call.query.get(name, "")
    if not value.strip():
        raise _wrong(f"The parameter {name} is missing.")
    return value


def _number(call: Call, name: str, default: int, *, most: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        raise _wrong(f"{name} is a whole number from 1 to {most}, not {quoted(text)}.")
    return int(text)


def _wrong(text: str) -> InvalidInput:
    return InvalidInput(text, code="invalid_request")


def _json(status: int, content: object, *, effects: tuple[str, ...] = ()) -> Answer:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, body, "application/json;charset=utf-8", effects=effects)
