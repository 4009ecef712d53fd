"""Document side: the deliveries that a list shows, as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ionport.core.http.csv_lines import BYTE_ORDER_MARK, csv_line
from ionport.core.paging import MAX_PER_PAGE, Following
from ionport.exports.model import Delivery
from ionport.web.pages.deliveries.deliveries import FILTERS, wanted_deliveries
from ionport.web.rendering.downloads import attachment
from ionport.web.services import documents_of
from ionport.web.state import organization_read

MANUAL = "exactly-once"
_MOST: Final = 100_000
_KEPT: Final = ("content-disposition", "content-security-policy", "cache-control")


def as_csv(request: Request) -> Response:
    """Send the deliveries that the filters find, the newest first, as CSV."""
    lines = _rows(request)
    # An error of the first page is shown as a page, and not in the middle of the file.
    first = next(lines, None)

    def content() -> Iterator[bytes]:
        yield BYTE_ORDER_MARK + csv_line(list(_row_of(None)))
        if first is not None:
            yield csv_line(list(first.values()))
        for row in lines:
            yield csv_line(list(row.values()))

    return _file(content(), "deliveries.csv", "text/csv")


def as_json(request: Request) -> Response:
    """Send them as a list of JSON objects, one to a line."""
    lines = _rows(request)
    first = next(lines, None)

    def content() -> Iterator[bytes]:
        yield b"["
        if first is not None:
            yield f"\n{json.dumps(first, ensure_ascii=False)}".encode()
        for row in lines:
            yield f",\n{json.dumps(row, ensure_ascii=False)}".encode()
        yield b"\n]\n"

    return _file(content(), "deliveries.json", "application/json")


def _rows(request: Request) -> Iterator[Mapping[str, str]]:
    filters = {name: request.query_params.get(name, "").strip()[:200] for name in FILTERS}
    wanted, left, after = wanted_deliveries(request, filters), _MOST, None
    while left > 0:
        # Each page in a transaction of its own, which no slow receiver keeps open.
        with organization_read(request) as access:
            found: Following[Delivery] = documents_of(request).deliveries.following(
                access, wanted, MAX_PER_PAGE, after
            )
        for delivery in found.items:
            yield _row_of(delivery)
        left -= len(found.items)
        if not found.has_more:
            return
        after = (found.items[-1].created_at, found.items[-1].id)


def _row_of(delivery: Delivery | None) -> Mapping[str, str]:
    """Return the cells of a delivery by their names; of none, the names alone."""
    names = (
        *("id", "document_id", "document_name", "configuration_title", "method", "generation"),
        *("status", "error_code", "error_text", "correlation_id", "idm_pid", "message_id"),
        *("erp_reference", "erp_status", "erp_voucher", "created_by", "created_at", "finished_at"),
    )
    return {name: _text(getattr(delivery, name, None)) for name in names}


def _text(value: Any) -> str:
    if hasattr(value, "isoformat"):
        return str(value.isoformat(timespec="seconds"))
    return "" if value is None else str(value)


def _file(content: Iterator[bytes], name: str, media_type: str) -> Response:
    headers = attachment(b"", name).headers
    return StreamingResponse(
        content, media_type=media_type, headers={each: headers[each] for each in _KEPT}
    )


ROUTES = [
    Route("/deliveries.csv", as_csv, name="deliveries_csv"),
    Route("/deliveries.json", as_json, name="deliveries_json"),
]
