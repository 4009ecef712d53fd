"""A person's own list: its columns, and named views."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import IonportError
from ionport.core.i18n import _
from ionport.documents.model import DocumentSort
from ionport.web.forms.fields import is_on, text_of
from ionport.web.pages.documents.listing.filters import NAMES, told
from ionport.web.rendering.templating import own_address, path_to, redirect
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, organization_write, visit_of

MANUAL = "document-list"

_LONGEST = 200


def choose_columns(request: Request) -> Response:
    """Show the ticked columns from now on."""
    visit, scope = visit_of(request), organization_scope(request)
    values = visit.form.getlist("column")
    with visit.write(scope) as access:
        documents_of(request).list_settings.choose_columns(
            access, [each for each in values if isinstance(each, str)]
        )
    return redirect(request, own_address(text_of(visit.form, "back") or "/documents"))


def save_view(request: Request) -> Response:
    """Keep the filters and the order that the list shows, under a name."""
    form = visit_of(request).form
    query = dict(told({name: text_of(form, name)[:_LONGEST] for name in NAMES}))
    if text_of(form, "sort") in list(DocumentSort):
        query |= {"sort": text_of(form, "sort"), "dir": text_of(form, "dir")[:4]}
    name = text_of(form, "name")
    back = own_address(text_of(form, "back") or "/documents")
    try:
        with organization_write(request) as access:
            documents_of(request).list_settings.save_view(
                access, name, query, is_default=is_on(form, "default")
            )
    except IonportError as error:
        return redirect(request, back, kind="danger", text=error.text)
    return redirect(request, back, text=_("The view was saved."))


def remove_view(request: Request) -> Response:
    """Remove a view."""
    with organization_write(request) as access:
        documents_of(request).list_settings.remove_view(
            access, text_of(visit_of(request).form, "name")
        )
    url = f"{path_to(request, 'documents')}?sort=created_at&dir=desc"
    return redirect(request, url, text=_("The view was removed."))


ROUTES = [
    Route("/documents/columns", choose_columns, methods=["POST"], name="documents_columns"),
    Route("/documents/views", save_view, methods=["POST"], name="documents_views"),
    Route("/documents/views/remove", remove_view, methods=["POST"], name="documents_view_remove"),
]
