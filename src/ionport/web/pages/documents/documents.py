"""Documents: upload and list; one of them is `document.py`.

Columns and tiles: docs/reference/document-system.md#document-list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Forbidden
from ionport.core.i18n import _
from ionport.documents.intake.containers import ReceivedFile
from ionport.documents.intake.receiving import Outcome
from ionport.documents.model import DocumentFilter, DocumentSort, DocumentStatus
from ionport.documents.types import DOCUMENT_TYPES
from ionport.web.forms.fields import each_upload, text_of
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "intake"


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
        filters=("q", "status", "document_type"),
        default_descending=True,
    )
    status, kind = state.filters["status"], state.filters["document_type"]
    wanted = DocumentFilter(
        statuses=frozenset({DocumentStatus(status)} if status in list(DocumentStatus) else ()),
        document_types=frozenset({kind} if kind in DOCUMENT_TYPES else ()),
        text=state.filters["q"],
    )
    service = documents_of(request).documents
    with visit.services.database.read() as work:
        found = service.list(
            work,
            scope,
            state.request,
            wanted,
            DocumentSort(state.sort),
            descending=state.descending,
        )
        counts = service.count_by_status(work, scope)
    context = {
        "state": state,
        "page_of": found,
        "tiles": _tiles(counts),
        "statuses": [(s.value, s.label) for s in DocumentStatus if s is not DocumentStatus.NEW],
        "type_labels": _type_labels(),
        "is_live": counts.get(DocumentStatus.EXPORTING, 0) > 0,
    }
    return render(request, "documents/documents/list.html", context)


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


def upload_form(request: Request) -> Response:
    """Show the upload dialog."""
    return _upload_page(request, [])


def upload(request: Request) -> Response:
    """Receive the files and say what became of each; 503 when all of them have to wait."""
    visit, sides = visit_of(request), documents_of(request)
    most = sides.documents.limits.file_bytes
    files = (
        ReceivedFile(file.filename, file.content) for file in each_upload(visit.form, "files", most)
    )
    sub_organization = text_of(visit.form, "sub_organization") or None
    try:
        results = list(
            sides.receiver.receive(
                organization_scope(request), visit.actor, files, sub_organization
            )
        )
    except Forbidden as error:
        return _upload_page(request, [], error.text, error.status)
    if not results:
        return _upload_page(request, [], _("Choose at least one file."), 422)
    is_postponed = all(result.is_postponed for result in results)
    return _upload_page(request, results, status=503 if is_postponed else 200)


def _upload_page(
    request: Request, results: Sequence[Outcome], error: str = "", status: int = 200
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    with visit.services.database.read() as work:
        subs = visit.services.identity.list_sub_organizations(work, scope)
    context = {
        "results": results,
        "error": error,
        "sub_organizations": [(sub.id, sub.name) for sub in subs],
        "chosen": text_of(visit.form, "sub_organization"),
    }
    return render(request, "documents/documents/upload.html", context, status=status)


def _type_labels() -> dict[str, str]:
    return {kind.id: kind.label for kind in DOCUMENT_TYPES.values()}


ROUTES = [
    Route("/documents", list_documents, name="documents"),
    Route("/documents/upload", upload_form, methods=["GET"], name="document_upload"),
    Route("/documents/upload", upload, methods=["POST"]),
]
