"""Infor Data Fabric: queries of Compass, data objects of the Data Lake, and Ingestion.

Source: docs/reference/data-fabric.md.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from ..answers.faults import service_error
from ..calls import MIB, Answer, Blocking, Call, Flow
from ..driver import AsyncService, Service, SyncService, operation
from ..errors import RequestRefused, ServiceError
from ..finding import APPS_MENU
from .model import (
    QUERY_ID,
    DataObject,
    QueryRows,
    QueryStatus,
    data_object,
    query_status,
    read_rows,
)

COMPASS = "DATAFABRIC/compass/v2"
LAKE = "DATAFABRIC/datalake/v2"
INGESTION = "DATAFABRIC/ingestion/v1"
# "100,000 rows and 10 MB" a page, whichever comes first (docs/reference/data-fabric.md#compass).
PAGE_ROWS = 100_000
_PAGE_LIMIT = 16 * MIB
# The most that is read into memory at once, unless the caller says otherwise.
MAX_ROWS = 1_000_000
# How long one look at the status waits, and how long until the next where nothing has waited.
_LONG_POLL = 20
_PAUSE = 1.0
_WITHIN = 600.0
_OBJECT_LIMIT = 128 * MIB

_NDJSON = "application/x-ndjson"
REMEDIES = {
    400: "See what Data Fabric said of the query, the filter or the file.",
    403: (
        f"If scopes are enforced, add Infor-DATAFABRIC to the app ({APPS_MENU}) and to the service "
        "account, and sign on again. The account's user needs a role for Data Fabric as well."
    ),
    404: (
        "There is no such query or data object (results are kept for about 20 hours), or the "
        "tenant has no Data Fabric: look in Infor OS Portal > OS > API Gateway > Available APIs."
    ),
    429: "Compass takes about 100 queries a minute: wait, then try again.",
}


class DataFabricOperations(Service):
    """The operations of Data Fabric, for threads (`DataFabric`) and asyncio (`AsyncDataFabric`).

    All raise ServiceError for its refusals, and the errors of connection, token and answer.
    """

    @operation
    def query(
        self, sql: str, *, most: int = MAX_ROWS, page: int = PAGE_ROWS, within: float = _WITHIN
    ) -> Flow[QueryRows]:
        """Submit a query, wait for its end at most `within` seconds, and fetch its rows.

        Raises:
            ServiceError: it failed or was cancelled (`query_failed`), had not ended in time
                (`query_too_slow`, and it is cancelled), or has more than `most` rows
                (`too_many_rows`).
        """
        submitted = yield from self._submit(sql)
        deadline = time.monotonic() + within
        status = submitted
        while not status.has_ended:
            left = deadline - time.monotonic()
            if left <= 0:
                yield from self._cancel(submitted.query_id)
                text = f"The query did not end within {within:g} seconds."
                raise _query_error(text, "query_too_slow", status)
            asked = time.monotonic()
            status = yield from self._status(submitted.query_id, int(min(left, _LONG_POLL)))
            if not status.has_ended and time.monotonic() - asked < _PAUSE:
                yield Blocking(lambda: time.sleep(_PAUSE))
        if status.status != "FINISHED":
            text = f"The query ended as {status.status}. {status.message}".rstrip()
            raise _query_error(text, "query_failed", status)
        rows: list[Mapping[str, Any]] = []
        while found := (yield from self._rows(status.query_id, len(rows), page)):
            rows += found
            if len(rows) > most:
                text = f"The query has more than {most:,} rows."
                raise _query_error(text, "too_many_rows", status)
        names = dict.fromkeys(name for row in rows[:100] for name in row)
        return QueryRows(status.query_id, status.columns or tuple(names), tuple(rows))

    @operation
    def submit(self, sql: str) -> Flow[QueryStatus]:
        """Hand a query to Compass; it runs on its own."""
        return (yield from self._submit(sql))

    @operation
    def status(self, query_id: str, *, wait: int = 0) -> Flow[QueryStatus]:
        """How a query stands; waits up to `wait` seconds (25 at most) for its end."""
        return (yield from self._status(query_id, wait))

    @operation
    def rows(
        self, query_id: str, *, offset: int = 0, limit: int = PAGE_ROWS
    ) -> Flow[list[Mapping[str, Any]]]:
        """One page of a finished query's rows; fewer than `limit` do not mean that it is the last.

        A page ends at 10 MB too: go on from `offset` plus the rows received, until none come.
        """
        return (yield from self._rows(query_id, offset, limit))

    @operation
    def cancel(self, query_id: str) -> Flow[None]:
        """Stop a query."""
        yield from self._cancel(query_id)

    @operation
    def list_objects(
        self,
        filter: str = "",  # noqa: A002 what Data Fabric calls it
        *,
        sort: Sequence[str] = (),
        page: int = 1,
        records: int = 100,
    ) -> Flow[list[DataObject]]:
        """Data objects of the lake that a filter finds, such as `dl_document_name eq 'Orders'`."""
        query = [("page", str(page)), ("records", str(records))]
        query += [("filter", filter)] if filter else []
        query += [("sort", each) for each in sort]
        url = f"{self._file.api_url}/{LAKE}/dataobjects?{urlencode(query, quote_via=quote)}"
        answer = yield from self._ask(Call("GET", url, {"Accept": "application/json"}))
        found = answer.json_object().get("fields")
        if not isinstance(found, list):
            raise answer.refused("bad_shape", "The list of data objects has no fields.")
        return [data_object(answer, each) for each in found]

    @operation
    def get_object(self, object_id: str) -> Flow[bytes]:
        """The content of a data object (at most 128 MiB)."""
        url = f"{self._file.api_url}/{LAKE}/dataobjects/{quote(object_id, safe='')}"
        headers = {"Accept": "application/octet-stream", "Accept-Encoding": "deflate"}
        answer = yield from self._ask(Call("GET", url, headers, limit=_OBJECT_LIMIT))
        return answer.content

    @operation
    def ingest(self, document_name: str, logical_id: str, content: bytes) -> Flow[None]:
        """Put NDJSON or DSV into the lake, as an object that the Data Catalog knows.

        Raises RequestRefused for a logical id that Ingestion could only refuse.
        """
        if not logical_id.startswith("lid://") or "infor" in logical_id.lower():
            raise RequestRefused(
                "The logical id has the form lid://provider.part.part and does not name infor."
            )
        kind, body = _multipart(document_name, logical_id, zlib.compress(content))
        headers = {"Accept": "application/json", "Content-Type": kind}
        url = f"{self._file.api_url}/{INGESTION}/dataobjects"
        yield from self._ask(Call("POST", url, headers, body))

    def _submit(self, sql: str) -> Flow[QueryStatus]:
        headers = {"Accept": "application/json", "Content-Type": "text/plain"}
        url = f"{self._file.api_url}/{COMPASS}/jobs/?queryExecutor=datalake"
        answer = yield from self._ask(Call("POST", url, headers, sql.encode()))
        return query_status(answer)

    def _status(self, query_id: str, wait: int) -> Flow[QueryStatus]:
        url = f"{self._job(query_id)}/status/?timeout={min(max(wait, 0), 25)}"
        answer = yield from self._ask(Call("GET", url, {"Accept": "application/json"}))
        return query_status(answer)

    def _rows(self, query_id: str, offset: int, limit: int) -> Flow[list[Mapping[str, Any]]]:
        url = f"{self._job(query_id)}/result/?offset={offset}&limit={limit}"
        call = Call("GET", url, {"Accept": _NDJSON}, limit=_PAGE_LIMIT)
        return read_rows((yield from self._ask(call)))

    def _cancel(self, query_id: str) -> Flow[None]:
        url = f"{self._job(query_id)}/cancel/"
        yield from self._ask(Call("PUT", url, {"Accept": "application/json"}))

    def _ask(self, call: Call) -> Flow[Answer]:
        answer: Answer = yield call
        if not answer.ok:
            raise service_error(answer, "Data Fabric", REMEDIES)
        return answer

    def _job(self, query_id: str) -> str:
        if not QUERY_ID.fullmatch(query_id):
            raise RequestRefused("This is not the id of a query.")
        return f"{self._file.api_url}/{COMPASS}/jobs/{query_id}"


class DataFabric(SyncService, DataFabricOperations):
    """Data Fabric for threads."""


class AsyncDataFabric(AsyncService, DataFabricOperations):
    """Data Fabric for asyncio."""


def _query_error(text: str, code: str, status: QueryStatus) -> ServiceError:
    return ServiceError(
        text,
        service="Data Fabric",
        status=200,
        code=code,
        remote_code=status.status,
        remote_message=status.message,
        detail=status.query_id,
    )


def _multipart(document_name: str, logical_id: str, packed: bytes) -> tuple[str, bytes]:
    """Content type and body. The boundary follows from the content, so a repeat has equal bytes."""
    boundary = f"ionport-{hashlib.sha256(document_name.encode() + packed).hexdigest()[:40]}"
    texts = {"dl_document_name": document_name, "dl_from_logical_id": logical_id}
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in texts.items()
    )
    body += (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="file"; filename="data.deflate"\r\n'
        "Content-Type: application/json\r\n\r\n".encode()
        + packed
        + f"\r\n--{boundary}--\r\n".encode()
    )
    return f"multipart/form-data; boundary={boundary}", body
