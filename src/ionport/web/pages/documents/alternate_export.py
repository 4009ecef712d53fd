"""Document Alternate Export: one document through a configuration that a person chooses.

Source: docs/reference/document-system.md#alternate-export.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import InvalidInput, IonportError, NotFound
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.documents.model import Document
from ionport.documents.review.service import keeping_findings
from ionport.exports.destinations import destination_of
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope
from ionport.web.forms.declared import FieldKind, Form, FormField
from ionport.web.forms.fields import text_of
from ionport.web.pages.documents.permitted import require_for_document
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, visit_of

MANUAL = "export"


def choose(request: Request) -> Response:
    """Show the configurations for the document's type, active or not."""
    require_for_document(request, Permission.EXPORT)
    return _page(request)


def export(request: Request) -> Response:
    """Export the document through the one that was chosen."""
    require_for_document(request, Permission.EXPORT)
    visit, scope = visit_of(request), organization_scope(request)
    document_id = request.path_params["document"]
    chosen = text_of(visit.form, "configuration")
    if not chosen:
        return _page(request, _("Choose a configuration."), 422)
    try:
        with keeping_findings(visit.services.database) as work:
            made = documents_of(request).deliveries.export(
                Access(work, scope, visit.actor), document_id, chosen
            )
    except NotFound:
        raise
    except (InvalidInput, IonportError) as error:
        return _page(request, error.text, error.status)
    url = path_to(request, "delivery", delivery_id=made[0].id)
    if made[0].status.is_over:
        text = _("It was exported through this configuration before, and is not sent twice.")
        return redirect(request, url, kind="info", text=text)
    return redirect(request, url, text=_("The export has begun."))


def _page(request: Request, error: str = "", status: int = 200) -> Response:
    with organization_read(request) as access:
        document = documents_of(request).documents.get(access, request.path_params["document"])
        form = _form(request, access, document)
    context = {"document": document, "form": form, "errors": {"configuration": error}}
    return render(request, "documents/alternate_export.html", context, status=status)


def _form(request: Request, access: Access[OrganizationScope], document: Document) -> Form:
    found = documents_of(request).configurations.list(
        access, PageRequest(per_page=MAX_PER_PAGE), document_type=document.document_type
    )
    choices = [
        (each.id, f"{each.title} · {destination_of(each.method).label}") for each in found.items
    ]
    told = _("Also one that is not active: it delivers this document and no other.")
    return Form(
        [
            FormField(
                "configuration",
                _("Export configuration"),
                FieldKind.CHOICE,
                required=True,
                choices=choices,
                empty=_("Choose a configuration."),
                help=told,
            )
        ]
    )


ROUTES = form_routes(
    "/documents/{document}/alternate-export", choose, export, name="document_alternate_export"
)
