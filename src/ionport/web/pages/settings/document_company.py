"""Moving a document to another company."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import InvalidInput, IonportError, NotFound
from ionport.core.i18n import _
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.pages.documents.permitted import require_for_document
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, visit_of

MANUAL = "companies"

_MAIN = "main"


def move_form(request: Request) -> Response:
    """Ask for the company that the document is of."""
    require_for_document(request, Permission.EDIT)
    return _page(request, {})


def move(request: Request) -> Response:
    """Let the document belong to the company that was chosen."""
    visit, scope = visit_of(request), organization_scope(request)
    chosen, seen = text_of(visit.form, "place"), text_of(visit.form, "seen")
    moving = documents_of(request).documents.moving
    try:
        with visit.write(scope) as access:
            moved = moving.move(
                access,
                request.path_params["document"],
                "" if chosen == _MAIN else chosen or "none",
                "" if seen == _MAIN else seen,
            )
    except InvalidInput as error:
        return _page(request, errors_of(error), error.status)
    except NotFound:
        raise
    except IonportError as error:
        return redirect(request, _url(request), kind="danger", text=error.text)
    text = (
        _("The document was moved.")
        if moved
        else _("The document belongs there already, and stays there.")
    )
    return redirect(request, _url(request), kind="success" if moved else "info", text=text)


def _page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    service = documents_of(request).documents
    with organization_read(request) as access:
        document = service.get(access, request.path_params["document"])
        places = service.moving.places(access)
    context = {
        "document": document,
        "places": [(place or _MAIN, name) for place, name in places.items()],
        "place": document.sub_organization_id or _MAIN,
        "errors": errors,
    }
    return render(request, "settings/document_company.html", context, status=status)


def _url(request: Request) -> str:
    return path_to(request, "document", document=request.path_params["document"])


_ONE = "/documents/{document}/move"
ROUTES = [
    *form_routes(_ONE, move_form, move, name="document_move"),
]
