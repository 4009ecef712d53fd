"""A PDF with several invoices: say which one counts."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import IonportError
from ionport.core.i18n import _
from ionport.documents.review.decisions.corrections import choice_and_corrections
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.fields import text_of
from ionport.web.pages.documents.permitted import require_for_document
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "intake"


def choose_form(request: Request) -> Response:
    """List the invoices in the document's PDF."""
    require_for_document(request, Permission.EDIT)
    return _page(request)


def choose(request: Request) -> Response:
    """Let the document be the invoice that was chosen."""
    visit, scope = visit_of(request), organization_scope(request)
    document_id, name = request.path_params["document"], text_of(visit.form, "name")
    corrections, seen = documents_of(request).documents.corrections, text_of(visit.form, "seen")
    try:
        corrections.choose(visit.services.database, scope, visit.actor, document_id, name, seen)
    except IonportError as error:
        return _page(request, error)
    return redirect(request, path_to(request, "document", document=document_id))


def _page(request: Request, error: IonportError | None = None) -> Response:
    service = documents_of(request).documents
    scope = organization_scope(request)
    with visit_of(request).read(scope) as access:
        document = service.get(access, request.path_params["document"])
        decisions = service.decisions.list(access, document.id)
        counts, _corrections = choice_and_corrections(decisions)
    names = service.corrections.choices(document)
    context = {
        "document": document,
        "options": [(name, name) for name in names],
        "chosen": text_of(visit_of(request).form, "name") or counts,
        "seen": counts,
        "error": error.text if error else "",
        "title": _("Choose the invoice"),
    }
    status = error.status if error else 200
    return render(request, "documents/choosing.html", context, status=status)


ROUTES = [
    *form_routes("/documents/{document}/choose", choose_form, choose, name="document_choose"),
]
