"""The list of documents: tiles, filters, and what is done with many of them at once.

Columns and tiles: docs/reference/document-system.md#document-list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.i18n import _
from ionport.documents.bulk.model import BulkAction
from ionport.documents.model import DocumentSort, DocumentStatus
from ionport.documents.types import DOCUMENT_TYPES
from ionport.web.pages.documents.filters import NAMES, filter_of
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "document-list"


@dataclass(frozen=True, slots=True)
class Tile:
    """A count above the list; `status` empty means all."""

    label: str
    status: str
    count: int
    tone: str


def list_documents(request: Request) -> Response:
    """Show the documents, filtered and sorted, with a count for each status."""
    visit, scope = visit_of(request), organization_scope(request)
    sorts = [DocumentSort.CREATED_AT, *(s for s in DocumentSort if s != DocumentSort.CREATED_AT)]
    state = ListState.of(
        request,
        sorts=[sort.value for sort in sorts],
        filters=NAMES,
        default_descending=True,
    )
    services = documents_of(request)
    with visit.services.database.read() as work:
        found = services.documents.list(
            work,
            scope,
            state.request,
            filter_of(state.filters),
            DocumentSort(state.sort),
            descending=state.descending,
        )
        counts = services.documents.count_by_status(work, scope)
        runs = services.bulk.list(work, scope, only_open=True)
    context = {
        "state": state,
        "page_of": found,
        "tiles": _tiles(counts),
        "statuses": [(s.value, s.label) for s in DocumentStatus if s is not DocumentStatus.NEW],
        "type_labels": {kind.id: kind.label for kind in DOCUMENT_TYPES.values()},
        "actions": list(BulkAction),
        "all_chosen": request.query_params.get("select") == "all" and bool(found.items),
        "runs": runs,
        "is_live": counts.get(DocumentStatus.EXPORTING, 0) > 0 or bool(runs),
    }
    return render(request, "documents/list.html", context)


def _tiles(counts: Mapping[DocumentStatus, int]) -> list[Tile]:
    def tile(label: str, status: DocumentStatus, tone: str) -> Tile:
        return Tile(label, status.value, counts.get(status, 0), tone)

    return [
        Tile(_("All documents"), "", sum(counts.values()), "all"),
        tile(_("Pending User Input"), DocumentStatus.READY_FOR_VALIDATION, "waiting"),
        tile(_("Pending export"), DocumentStatus.VALIDATED_PENDING_EXPORT, "all"),
        tile(_("In progress"), DocumentStatus.EXPORTING, "progress"),
        tile(_("Exported"), DocumentStatus.EXPORTED, "exported"),
        tile(_("Export Error"), DocumentStatus.EXPORT_ERROR, "error"),
    ]


ROUTES = [Route("/documents", list_documents, name="documents")]
