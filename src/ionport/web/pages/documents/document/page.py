"""The page of one document: its invoice, what was found, its values, its deliveries.

`correct.py` shows the same page with its values in a form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.documents.invoice.codes import code_list
from ionport.documents.model import Document, DocumentStatus
from ionport.documents.review.decisions.approving import approval_refusal
from ionport.documents.review.decisions.model import DecisionKind, DocumentDecision
from ionport.documents.review.decisions.undoable import undoable
from ionport.documents.review.life_cycle import BY_PERSON, PENDING
from ionport.documents.type_settings.model import TypeSettings
from ionport.documents.types import document_type
from ionport.exports.automatic.waiting import leaves_by_itself
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.identity.access import Access
from ionport.store import OrganizationScope
from ionport.web.pages.documents.decisions import actions_of
from ionport.web.pages.documents.document.compare import compare
from ionport.web.pages.documents.document.order import list_url, remember_list
from ionport.web.pages.documents.document.totals import has_amounts, totals_of
from ionport.web.pages.documents.document.values import Editing, Value, Values, code_name
from ionport.web.pages.documents.export import ShownFinding, shown_findings
from ionport.web.pages.documents.invoice import shown_invoice
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.templating import render
from ionport.web.services import DocumentServices, documents_of
from ionport.web.state import organization_read, organization_scope, visit_of

MANUAL = "decisions"

_SETS_STATUS = frozenset(
    {DecisionKind.HOLD, DecisionKind.REJECT, DecisionKind.DUPLICATE, DecisionKind.DELETE}
)
_COMMON = "common"
_LARGE_LIST = 500


@dataclass(frozen=True, slots=True)
class Form:
    """What the page's form shows instead of the values: one row of a table, or the header.

    `wanted` is the target that is asked for, `errors` what is wrong with no field of the form.
    """

    typed: Mapping[str, str]
    errors: Mapping[str, str]
    wanted: str = ""
    table: str = ""
    row: int = 0


def show(request: Request) -> Response:
    """Show a document with its invoice, findings, fields, lines, deliveries and timeline."""
    return document_page(request, None)


def document_page(request: Request, form: Form | None, status: int = 200) -> Response:
    """Return the page of the document that the address names; with `form` to correct it."""
    visit = visit_of(request)
    services = documents_of(request)
    with organization_read(request) as access:
        document = services.documents.get(access, request.path_params["document"])
        decisions = services.documents.decisions.list(access, document.id)
        findings = shown_findings(request, access.work, document)
        settings = services.types.get(access, document.document_type)
        given = sum(each.is_active and each.kind is DecisionKind.APPROVE for each in decisions)
        needs_approval = given < settings.approvals.needed(document.fields)
        will_leave = leaves_by_itself(
            access, document, settings.approvals
        ) and services.deliveries.has_active_worker(access.work)
        history = _history(services, access, document, decisions)
        refusal = approval_refusal(settings.approvals, visit.actor, document, decisions)
        actions = actions_of(
            access, document, needs_approval=needs_approval, may_approve=refusal is None
        )
    if form is None and actions.can_correct and not document.fields:
        form = Form({}, {})
    is_exporting = document.status is DocumentStatus.EXPORTING and not document.open_findings
    is_live = is_exporting or will_leave or bool(history["is_awaited"])
    is_fragment = is_live and "hx-request" in request.headers
    context = {
        "document": document,
        "actions": actions,
        "not_approved": refusal.text if refusal and document.status in PENDING else "",
        "type_label": document_type(document.document_type).label,
        "has_amounts": has_amounts(document.document_type),
        "totals": totals_of(document, [each.finding for each in findings]),
        "list_url": list_url(request),
        # A poll reads the document's status, not its invoice.
        "invoice": None if is_fragment else shown_invoice(request, document, decisions),
        # A reason that is being typed must not be replaced.
        "is_live": is_live and form is None,
        "will_leave": will_leave,
        **history,
        **_findings(document, findings, decisions, settings),
        **_values(request, document, decisions, settings, form, can_correct=actions.can_correct),
    }
    response = render(request, "documents/document/page.html", context, status=status)
    remember_list(request, response)
    return response


def _history(
    services: DocumentServices,
    access: Access[OrganizationScope],
    document: Document,
    decisions: Sequence[DocumentDecision],
) -> dict[str, object]:
    """Return what became of the document: its deliveries, its decisions and who edits it."""
    deliveries = services.deliveries.of_document(access, document.id)
    is_stuck = _has_unfinished(deliveries) and not services.deliveries.has_active_worker(
        access.work
    )
    of_documents = services.documents.review.deliveries
    return {
        "timeline": services.documents.timeline_of(access, document),
        "deliveries": deliveries,
        "is_stuck": is_stuck,
        "is_awaited": services.acknowledgements.is_awaited(access, deliveries),
        "edited": services.documents.editing.other(access, document.id),
        "undoable": undoable(access, of_documents, document, decisions),
        "was_exported": bool(deliveries)
        and all(each.status is DeliveryStatus.DELIVERED for each in deliveries),
        "decisions": [each for each in reversed(decisions) if each.is_active],
        "set_by": _set_by(document, decisions),
    }


def _set_by(document: Document, decisions: Sequence[DocumentDecision]) -> DocumentDecision | None:
    """Return the decision that the document is on hold, rejected or deleted by."""
    if document.status not in BY_PERSON:
        return None
    return next(
        (each for each in reversed(decisions) if each.is_active and each.kind in _SETS_STATUS), None
    )


def _has_unfinished(deliveries: Sequence[Delivery]) -> bool:
    return any(not delivery.status.is_over for delivery in deliveries)


def _findings(
    document: Document,
    findings: Sequence[ShownFinding],
    decisions: Sequence[DocumentDecision],
    settings: TypeSettings,
) -> dict[str, object]:
    """Return the findings, those that hold with the values that may make them right."""
    values = Values(document, decisions, _demanded(settings))
    return {
        "findings": findings,
        "open_findings": [each for each in findings if each.finding.is_open],
        "past_findings": [each for each in findings if not each.finding.is_open],
        "finding_values": {
            each.finding.id: values.named(each.fields) for each in findings if each.finding.is_open
        },
        "comparisons": {
            each.finding.id: compare(document, each.other)
            for each in findings
            if each.other is not None
            and each.finding.decision is None
            and each.finding.resolved_at is None
        },
    }


def _values(
    request: Request,
    document: Document,
    decisions: Sequence[DocumentDecision],
    settings: TypeSettings,
    form: Form | None,
    *,
    can_correct: bool,
) -> dict[str, object]:
    """Return fields and tables; with `form` what is typed into them, and what is wrong."""
    editing = _demanded(settings, form)
    values = Values(document, decisions, editing, can_correct=can_correct)
    row: list[Value] = []
    if form is not None and form.table:
        kind = document_type(document.document_type)
        row = values.row(next(t for t in kind.tables if t.id == form.table), form.row)
    groups = values.groups()
    inputs = row or [each for group in groups for each in (*group.filled, *group.empty)]
    shown = {each.target for each in inputs if each.can_correct}
    errors = form.errors if form is not None else {}
    return {
        "form": form,
        "groups": groups,
        "row": row,
        "tables": list(values.tables(_first_rows(request, document))),
        "form_errors": {name: text for name, text in errors.items() if name not in shown},
        "error_count": len([name for name in errors if name in shown]),
        "code_lists": _code_lists(inputs) if form is not None else {},
    }


def _demanded(settings: TypeSettings, form: Form | None = None) -> Editing:
    required = frozenset(name for name, one in settings.fields.items() if one.required)
    read_only = frozenset(name for name, one in settings.fields.items() if one.read_only)
    if form is None:
        return Editing(required=required, read_only=read_only)
    return Editing(form.typed, form.errors, required, read_only, is_form=True)


def _code_lists(values: Sequence[Value]) -> dict[str, list[tuple[str, str]]]:
    """Return the codes to choose from with their names; of a very long list the usual ones."""
    found = {}
    for name in sorted({each.codes for each in values if each.codes}):
        codes = list(code_list(name).values())
        usual = [code for code in codes if code.more == _COMMON]
        shown = usual if len(codes) > _LARGE_LIST and usual else codes
        found[name] = [(code.code, code_name(name, code.code)) for code in shown]
    return found


def _first_rows(request: Request, document: Document) -> dict[str, int]:
    """Return the row that each table begins with, as the address says: `?INVOICE_TABLE=51`."""
    first = {}
    for table in document_type(document.document_type).tables:
        text = request.query_params.get(table.id, "")
        if text.isascii() and text.isdigit() and len(text) < 7:
            first[table.id] = int(text)
    return first


def download(request: Request) -> Response:
    """Send the file as it was received."""
    service = documents_of(request).documents
    with organization_read(request) as access:
        document = service.get(access, request.path_params["document"])
        content = service.content(access, document.id)
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
