"""Documents: upload, list, detail; export is `document_export.py`.

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
from ionport.documents.invoice.corrections import CORRECTABLE_TABLES
from ionport.documents.model import DocumentFilter, DocumentSort, DocumentStatus, Row
from ionport.documents.review.decisions.corrections import corrected_values
from ionport.documents.types import DOCUMENT_TYPES, Field, FieldType, document_type
from ionport.exports.model import Delivery
from ionport.web.forms.fields import each_upload, text_of
from ionport.web.pages.documents.decisions import actions_of
from ionport.web.pages.documents.export import shown_findings
from ionport.web.pages.documents.invoice import shown_invoice
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "intake"

_NUMBERS = (FieldType.AMOUNT, FieldType.NUMBER)


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


def show(request: Request) -> Response:
    """Show a document with fields, lines, deliveries and timeline."""
    visit, scope = visit_of(request), organization_scope(request)
    service = documents_of(request).documents
    deliveries = documents_of(request).deliveries
    with visit.services.database.read() as work:
        document = service.get(work, scope, request.path_params["document"])
        timeline = service.timeline(work, scope, document.id)
        of_document = deliveries.of_document(work, scope, visit.actor, document.id)
        findings = shown_findings(request, work, document)
        decisions = service.decisions.list(work, scope, document.id)
        is_stuck = _has_unfinished(of_document) and not deliveries.workers_alive(work)
    kind = document_type(document.document_type)
    context = {
        "document": document,
        "findings": findings,
        "actions": actions_of(document),
        "corrections": corrected_values(decisions),
        "decisions": [each for each in reversed(decisions) if each.is_active],
        "correctable_tables": CORRECTABLE_TABLES,
        "type_label": kind.label,
        "groups": _groups(kind.fields, document.fields),
        "tables": [
            (table.id, table.label, *_columns(table.columns, document.tables.get(table.id, ())))
            for table in kind.tables
        ],
        "numbers": _NUMBERS,
        "timeline": timeline,
        "deliveries": of_document,
        "is_stuck": is_stuck,
        "invoice": shown_invoice(request, document),
        # What somebody types into a decision must not be swapped away.
        "is_live": document.status is DocumentStatus.EXPORTING and not document.open_findings,
    }
    return render(request, "documents/documents/detail.html", context)


def _has_unfinished(deliveries: Sequence[Delivery]) -> bool:
    return any(not delivery.status.is_over for delivery in deliveries)


def _groups(fields: Sequence[Field], values: Row) -> list[tuple[str, list[tuple[Field, str]]]]:
    """Return the fields that have a value, in the groups of the validation screen."""
    groups: dict[str, list[tuple[Field, str]]] = {}
    for field in fields:
        if values.get(field.id):
            groups.setdefault(field.group, []).append((field, values[field.id]))
    return [(_(group), rows) for group, rows in groups.items()]


def _columns(columns: Sequence[Field], rows: Sequence[Row]) -> tuple[list[Field], Sequence[Row]]:
    """Return the columns that have a value in any row, and the rows."""
    return [column for column in columns if any(row.get(column.id) for row in rows)], rows


def download(request: Request) -> Response:
    """Send the file as it was received."""
    visit, scope = visit_of(request), organization_scope(request)
    service = documents_of(request).documents
    with visit.services.database.read() as work:
        document = service.get(work, scope, request.path_params["document"])
        content = service.content(work, scope, document.id)
    return attachment(content, document.filename)


def archive(request: Request) -> Response:
    """Send the document with everything that happened to it, for an auditor."""
    document_id = request.path_params["document"]
    content = documents_of(request).archive.make(
        organization_scope(request), visit_of(request).actor, document_id
    )
    return attachment(content, f"{document_id}.zip")


def _type_labels() -> dict[str, str]:
    return {kind.id: kind.label for kind in DOCUMENT_TYPES.values()}


_ONE = "/documents/{document}"
ROUTES = [
    Route("/documents", list_documents, name="documents"),
    Route("/documents/upload", upload_form, methods=["GET"], name="document_upload"),
    Route("/documents/upload", upload, methods=["POST"]),
    Route(_ONE, show, name="document"),
    Route(f"{_ONE}/file", download, name="document_file"),
    Route(f"{_ONE}/archive", archive, name="document_archive"),
]
