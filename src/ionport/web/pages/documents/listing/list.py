"""The list of documents: tiles, filters, and what is done with many of them at once.

Columns and tiles: docs/reference/document-system.md#document-list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.bulk.model import BulkAction, BulkState
from ionport.documents.list_files.model import FileFormat
from ionport.documents.listing.columns import OFFERED, shown_columns
from ionport.documents.listing.model import Cursor, ListQuery, is_prefix
from ionport.documents.model import DocumentSort, DocumentStatus, DocumentSummary
from ionport.documents.types import DOCUMENT_TYPES
from ionport.documents.views.model import ListSettings, View
from ionport.web.pages.documents.listing.filters import (
    APPROVAL,
    DAYS,
    NAMES,
    VALUES,
    filter_of,
    status_choices,
    told,
    unknown_of,
)
from ionport.web.rendering.lists import PER_PAGE, ListState, unknown_values
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import documents_of
from ionport.web.state import organization_read, visit_of

MANUAL = "document-list"

_SIZES = (PER_PAGE, 100, 200)
_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Tile:
    """A count above the list; `status` empty means all."""

    label: str
    status: str
    count: int
    tone: str


def list_documents(request: Request) -> Response:
    """Show the documents, filtered and sorted, with a count for each status."""
    services = documents_of(request)
    with organization_read(request) as access:
        settings = services.list_settings.get(access)
    if not request.url.query and settings.default is not None:
        return redirect(request, _address(request, settings.default))
    state = _state(request)
    if settings.default is not None:
        state = replace(state, cleared=_without_filters(request))
    query = _query(request, state)
    with organization_read(request) as access:
        counts = services.documents.counts(access)
        try:
            found = services.documents.browse(access, query, counts)
        except InvalidInput:
            # A place of another order, or of none: the list begins anew, and says so.
            state = replace(state, unknown=[*state.unknown, *_places(request)])
            found = services.documents.browse(access, replace(query, cursor=None), counts)
        runs = services.bulk.list(access, only_open=True)
    context = {
        "state": state,
        **_columns_and_views(request, state, settings),
        "all_url": _without_filters(request),
        "page_of": found,
        "by_prefix": query.by_prefix,
        "tiles": _tiles(counts.by_status()),
        "tabs": _tabs(counts.by_type()),
        "statuses": status_choices(),
        "type_labels": {kind.id: kind.label for kind in DOCUMENT_TYPES.values()},
        "times": DAYS,
        "is_by_value": any(state.filters[name] for name in VALUES),
        "sizes": _SIZES,
        "size": query.limit,
        "told": told(state.filters),
        "actions": [each for each in BulkAction.offered() if access.may(each.permission)],
        "formats": list(FileFormat),
        "all_chosen": request.query_params.get("select") == "all" and bool(found.items),
        "here_url": _here(request),
        "runs": runs,
        "is_live": counts.by_status().get(DocumentStatus.EXPORTING, 0) > 0
        or any(run.state is BulkState.RUNNING for run in runs)
        or any(
            _may_leave_soon(each, visit_of(request).services.clock.now()) for each in found.items
        ),
    }
    return render(request, "documents/listing/list.html", context)


def _state(request: Request) -> ListState:
    """Return filters and sort of the address, with what of it the list does not know."""
    sorts = [DocumentSort.CREATED_AT, *(s for s in DocumentSort if s != DocumentSort.CREATED_AT)]
    state = ListState.of(
        request,
        sorts=[sort.value for sort in sorts],
        filters=NAMES,
        default_descending=True,
    )
    is_size = str(_size(request)) == request.query_params.get("size")
    unknown = [*unknown_of(state.filters), *unknown_values(request.query_params, {"size": is_size})]
    unknown += [] if _cursor(request) else _places(request)
    return replace(state, unknown=[*state.unknown, *unknown])


def _places(request: Request) -> list[str]:
    """Return the place of the address as it is told that the list does not know it."""
    return unknown_values(request.query_params, {"after": False, "before": False})


def _query(request: Request, state: ListState) -> ListQuery:
    wanted = filter_of(visit_of(request), state.filters)
    by_prefix = is_prefix(wanted)
    return ListQuery(
        wanted,
        # The numbers with this beginning stand together in their own order.
        DocumentSort.NUMBER if by_prefix else DocumentSort(state.sort),
        descending=state.descending and not by_prefix,
        cursor=_cursor(request),
        limit=_size(request),
    )


def _columns_and_views(
    request: Request, state: ListState, settings: ListSettings
) -> dict[str, object]:
    """Return the reader's columns and saved views, and which of the views is shown."""
    shown = {**told(state.filters), "sort": state.sort, "dir": _direction(state)}
    return {
        "columns": shown_columns([each.id for each in settings.columns]),
        "chosen": settings.columns,
        "every_column": OFFERED,
        "views": [
            (view, _address(request, view), dict(view.query) == shown) for view in settings.views
        ],
        "default_view": settings.default_view,
        "shown": shown,
    }


def _may_leave_soon(document: DocumentSummary, now: datetime) -> bool:
    """Tell whether a document is so new that its automatic export may still be to come."""
    is_waiting = document.status is DocumentStatus.VALIDATED_PENDING_EXPORT
    return is_waiting and now - document.updated_at < _SOON


def _tiles(counts: Mapping[DocumentStatus, int]) -> list[Tile]:
    def tile(status: DocumentStatus, tone: str) -> Tile:
        return Tile(status.label, status.value, counts.get(status, 0), tone)

    pending = (DocumentStatus.PENDING_APPROVAL, DocumentStatus.PENDING_SECOND_APPROVAL)
    return [
        Tile(_("All documents"), "", sum(counts.values()), "all"),
        tile(DocumentStatus.READY_FOR_VALIDATION, "waiting"),
        Tile(
            _("Pending approval"),
            APPROVAL,
            sum(counts.get(status, 0) for status in pending),
            "approval",
        ),
        tile(DocumentStatus.VALIDATED_PENDING_EXPORT, "all"),
        tile(DocumentStatus.EXPORTING, "progress"),
        tile(DocumentStatus.EXPORTED, "exported"),
        tile(DocumentStatus.EXPORT_ERROR, "error"),
        tile(DocumentStatus.ON_HOLD, "held"),
        tile(DocumentStatus.REJECTED, "held"),
    ]


def _tabs(counts: Mapping[str, int]) -> Sequence[tuple[str, str, int]]:
    """Return a tab for each document type that occurs, with its number."""
    tabs = [
        (kind.id, kind.label, counts[kind.id])
        for kind in DOCUMENT_TYPES.values()
        if counts.get(kind.id)
    ]
    return [("", _("All"), sum(counts.values())), *tabs]


def _cursor(request: Request) -> Cursor | None:
    """Return the place in the list that the address names."""
    if request.query_params.get("last") == "yes":
        return Cursor(is_before=True)
    for name, is_before in (("after", False), ("before", True)):
        if text := request.query_params.get(name, ""):
            return Cursor.read(text, is_before=is_before)
    return None


def _size(request: Request) -> int:
    size = request.query_params.get("size", "")
    return int(size) if size in map(str, _SIZES) else PER_PAGE


def _direction(state: ListState) -> str:
    return "desc" if state.descending else "asc"


def _address(request: Request, view: View) -> str:
    return f"{path_to(request, 'documents')}?{urlencode(view.query)}"


def _without_filters(request: Request) -> str:
    """Return the address of all documents, which leads to no default view."""
    return f"{path_to(request, 'documents')}?sort=created_at&dir=desc"


def _here(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


ROUTES = [Route("/documents", list_documents, name="documents")]
