"""The page of one document: its invoice, what was found, its values, its deliveries."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.i18n import _
from ionport.documents.invoice.corrections import CORRECTABLE_TABLES
from ionport.documents.model import DocumentStatus, Row
from ionport.documents.review.decisions.corrections import corrected_values
from ionport.documents.types import Field, FieldType, document_type
from ionport.exports.model import Delivery
from ionport.web.pages.documents.decisions import actions_of
from ionport.web.pages.documents.export import shown_findings
from ionport.web.pages.documents.invoice import shown_invoice
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.templating import render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "decisions"

_NUMBERS = (FieldType.AMOUNT, FieldType.NUMBER)


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
    return render(request, "documents/document.html", context)


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


_ONE = "/documents/{document}"
ROUTES = [
    Route(_ONE, show, name="document"),
    Route(f"{_ONE}/file", download, name="document_file"),
    Route(f"{_ONE}/archive", archive, name="document_archive"),
]
