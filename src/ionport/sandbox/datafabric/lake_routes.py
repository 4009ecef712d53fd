"""The operations of the Data Lake: v2 below DATAFABRIC, and what Infor has withdrawn of v1.

Source: docs/reference/data-fabric.md#data-lake.

Paths, parameters, `numFound`, `fields[].dl_id` and `purgedNumber` were seen in clients; the
other names in the answers are inferred, and so are the errors.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from ionport.core.ids import new_uuid
from ionport.sandbox.datafabric.compass.functions import moment_text
from ionport.sandbox.datafabric.filters import read_filter, read_sort
from ionport.sandbox.datafabric.model import MAX_RECORDS, LakeObject, LakeQuery
from ionport.sandbox.datafabric.service import DataLakeService
from ionport.sandbox.datafabric.wire import json_answer, needed, number, wrong
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
from ionport.store import Work

V1: Final = "/datalakeapi/v1"
_V2 = "/datalake/v2"
_DEFAULT_RECORDS = 20
_MAX_IDS = 1_000
# How many data objects and bytes one answer of `byfilter` has at most: the sandbox's own bounds.
_MAX_PARTS = 200
_MAX_PART_BYTES = 60_000_000
# Sub-filters of `splitquery` find fewer than 10,000 each.
_SPLIT = 9_000
_SECTION = "docs/reference/data-fabric.md#data-lake"
_UNREAD = "names in the answer that the known client does not read"
_CALLED = verified(_SECTION, left_out=_UNREAD)
_PURGE = verified(_SECTION, left_out="names in the answer but purgedNumber")
_CLIENTS = from_clients(_SECTION)
_STREAMED = from_clients(_SECTION)
_PARTS = verified(_SECTION, left_out="headers of the parts; more than 200 data objects at once")
_LIST = Wire(query=("filter", "sort", "page", "records"))
_BY_FILTER = Wire(query=("filter",))


class LakeRoutes:
    """The handlers."""

    def __init__(self, service: DataLakeService) -> None:
        self._service = service

    def operations(self) -> list[Operation]:
        """Return the operations of v2 in the order in which they are tried."""
        objects = f"{_V2}/dataobjects"
        by_id = Wire(query=("id",))
        return [
            Operation("lake ping", "GET", f"{_V2}/ping", self.ping_text, _STREAMED),
            Operation("lake version", "GET", f"{_V2}/version", self.version, _STREAMED),
            Operation("list data objects", "GET", objects, self.list, _CLIENTS, wire=_LIST),
            Operation(
                "data objects by filter",
                "GET",
                f"{objects}/byfilter",
                self.by_filter,
                _PARTS,
                wire=_BY_FILTER,
            ),
            Operation(
                "split query",
                "GET",
                f"{objects}/splitquery",
                self.split_query,
                inferred(_SECTION),
                wire=_BY_FILTER,
            ),
            Operation("get data object", "GET", f"{objects}/{{id}}", self.get, _STREAMED),
            Operation(
                "delete by filter",
                "DELETE",
                f"{objects}/filter",
                self.purge_filter,
                _STREAMED,
                wire=Wire(query=("filter", "includeArchived")),
            ),
            Operation(
                "delete by ids",
                "DELETE",
                f"{objects}/ids",
                self.purge_ids,
                inferred(_SECTION),
                wire=by_id,
            ),
            Operation(
                "mark corrupt",
                "PUT",
                f"{objects}/markcorrupt",
                self.mark_corrupt,
                inferred(_SECTION),
                wire=by_id,
            ),
        ]

    def operations_of_v1(self) -> list[Operation]:
        """Return the operations of v1, which callers still send."""

        def row(
            name: str, method: str, path: str, handler: Handler, fact: Fact, *query: str
        ) -> Operation:
            return Operation(name, method, f"{V1}{path}", handler, fact, wire=Wire(query=query))

        return [
            row("lake ping", "GET", "/status/ping", self.ping, _CALLED),
            row("list payloads", "GET", "/payloads/list", self.list, _CALLED, *_LIST.query),
            row("stream by id", "GET", "/payloads/streambyid", self.stream, _CALLED, "datalakeId"),
            row(
                "stream by filter",
                "GET",
                "/payloads/streambyfilter",
                self.by_filter,
                _PARTS,
                "filter",
            ),
            row(
                "mark payloads corrupt",
                "PUT",
                "/payloads/markcorrupt",
                self.mark_corrupt,
                _CALLED,
                "id",
            ),
            row("purge ids", "DELETE", "/purge/ids", self.purge_ids, _PURGE, "id"),
            row("purge filter", "DELETE", "/purge/filter", self.purge_filter, _PURGE, "filter"),
        ]

    def ping(self, call: Call) -> Step:
        """Answers 200; the body is inferred."""
        return lambda _work: json_answer(200, {"status": "OK"})

    def ping_text(self, call: Call) -> Step:
        """Answers OK, which clients compare without quotes and case."""
        return lambda _work: Answer(200, b"OK", "text/plain;charset=utf-8")

    def version(self, call: Call) -> Step:
        """Answers with a version; which one is inferred."""
        return lambda _work: Answer(200, b"2.0.0", "text/plain;charset=utf-8")

    def list(self, call: Call) -> Step:
        """Lists data objects by filter, sort, page (from 1) and records: 10,000 at most in all."""
        query = _query(call)
        limit = number(call, "records", _DEFAULT_RECORDS, most=MAX_RECORDS)
        page = number(call, "page", 1, most=1_000_000)
        if (page - 1) * limit >= MAX_RECORDS:
            raise wrong(
                f"Pages reach {MAX_RECORDS:,} data objects: filter by dl_document_indexed_date,"
                " or split the query."
            )

        def step(work: Work) -> Answer:
            items, total = self._service.find(
                work.within(call.scope), query, limit=limit, offset=(page - 1) * limit
            )
            return json_answer(200, {"numFound": total, "fields": [_fields(one) for one in items]})

        return step

    def get(self, call: Call) -> Step:
        """Sends the content of the data object that the path names."""
        return self._send(call, call.path_params["id"])

    def stream(self, call: Call) -> Step:
        """Sends the content of the data object that the query names."""
        return self._send(call, needed(call, "datalakeId"))

    def _send(self, call: Call, object_id: str) -> Step:
        with call.database.read() as work:
            _item, content = self._service.content(work.within(call.scope), object_id)
        answer = _stream(call, content, "application/octet-stream")
        return lambda _work: answer

    def by_filter(self, call: Call) -> Step:
        """Sends what a filter finds as a multipart/mixed body: one part for each data object."""
        query = LakeQuery(read_filter(needed(call, "filter")))
        with call.database.read() as work:
            items, total = self._service.find(
                work.within(call.scope), query, limit=_MAX_PARTS, offset=0
            )
        if total > _MAX_PARTS or sum(item.size for item in items) > _MAX_PART_BYTES:
            raise wrong(
                f"The filter finds more than {_MAX_PARTS} data objects or"
                f" {_MAX_PART_BYTES // 1_000_000} MB: filter more closely, or fetch them by id."
            )
        boundary = f"ionport-{new_uuid()}"
        parts = [
            f"--{boundary}\r\nContent-Type: application/octet-stream\r\n"
            f"Content-ID: <{item.id}>\r\n"
            f'Content-Disposition: attachment; filename="{item.id}"\r\n\r\n'.encode()
            + content
            + b"\r\n"
            for item, content in self._service.contents(items)
        ]
        body = b"".join((*parts, f"--{boundary}--\r\n".encode()))
        answer = _stream(call, body, f"multipart/mixed; boundary={boundary}")
        return lambda _work: answer

    def split_query(self, call: Call) -> Step:
        """Answers with filters that find fewer than 10,000 data objects each, and all together."""
        text = call.query.get("filter", "").strip()
        query = LakeQuery(read_filter(text))

        def step(work: Work) -> Answer:
            moments = self._service.moments(work.within(call.scope), query, _SPLIT)
            return json_answer(200, {"filters": _split(text, moments)})

        return step

    def purge_ids(self, call: Call) -> Step:
        """Removes data objects; several ids come as several parameters, or between commas."""
        ids = _ids(call)

        def step(work: Work) -> Answer:
            purged = self._service.purge(work.within(call.scope), ids)
            return json_answer(200, {"purgedNumber": purged}, effects=tuple(ids[:20]))

        return step

    def purge_filter(self, call: Call) -> Step:
        """Removes what a filter finds; what was ingested as archived too, if the call says so."""
        text = needed(call, "filter")
        with_archived = call.query.get("includeArchived", "").lower() == "true"

        def step(work: Work) -> Answer:
            purged = self._service.purge_matching(
                work.within(call.scope), text, with_archived=with_archived
            )
            return json_answer(200, {"purgedNumber": purged})

        return step

    def mark_corrupt(self, call: Call) -> Step:
        """Marks data objects as corrupt, so that no query reads them."""
        ids = _ids(call)

        def step(work: Work) -> Answer:
            marked = self._service.mark_corrupt(work.within(call.scope), ids)
            return json_answer(200, {"markedNumber": marked}, effects=tuple(ids[:20]))

        return step


def _query(call: Call) -> LakeQuery:
    return LakeQuery(
        read_filter(call.query.get("filter", "")), read_sort(call.query.getlist("sort"))
    )


def _ids(call: Call) -> list[str]:
    ids = [one for text in call.query.getlist("id") for one in text.split(",") if one]
    if not 0 < len(ids) <= _MAX_IDS:
        raise wrong(f"Name 1 to {_MAX_IDS} ids.")
    return ids


def _split(text: str, moments: Sequence[datetime]) -> list[str]:
    """Return one filter for each moment: what was stored from it on, and before the next."""
    # The first begins with whatever is oldest, the last has no end.
    starts = sorted({moment_text(each) for each in moments[1:]})
    bounds = [None, *starts, None]
    found = []
    for start, end in pairwise(bounds):
        parts = [f"({text})"] if text else []
        parts += [f"dl_document_indexed_date ge '{start}'"] if start else []
        parts += [f"dl_document_indexed_date lt '{end}'"] if end else []
        found.append(" and ".join(parts))
    return found


def _stream(call: Call, content: bytes, media_type: str) -> Answer:
    """Return a content compressed, unless the client takes it only as it is."""
    accepted = call.headers.get("accept-encoding")
    if accepted is not None and "deflate" not in accepted.lower() and "*" not in accepted:
        return Answer(200, content, media_type, {"Vary": "Accept-Encoding"})
    headers = {"Content-Encoding": "deflate", "Vary": "Accept-Encoding"}
    return Answer(200, zlib.compress(content), media_type, headers)


def _fields(item: LakeObject) -> dict[str, object]:
    moment = moment_text(item.stored_at)
    return {
        "dl_id": item.id,
        "dl_document_name": item.document_name,
        "dl_from_logical_id": item.sender,
        "dl_from": item.sender,
        "dl_size": item.size,
        "dl_instance_count": item.instances,
        "dl_document_date": moment,
        "dl_document_indexed_date": moment,
        "event_date": moment,
        "dl_corrupt": item.is_corrupt,
        "dl_batch_id": item.batch_id or "",
        "dl_header_accounting_entity": item.accounting_entity or "",
        "dl_source_publication_date": moment_text(item.published_at or item.stored_at),
    }
