"""A mapping file that somebody deleted while another edited it: the text becomes a new file."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.mappings.intake import prepare_mapping
from ionport.web.forms.fields import lines_of, text_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

KEEP = "keep"
"""The action of the form that saves the text under a name."""


def keep_as_new(request: Request, typed: str | None = None) -> Response:
    """Offer a text, or that of the form, as a new file; save it where the form asks for that."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    text = lines_of(visit.form, "text") if typed is None else typed
    if text_of(visit.form, "action") != KEEP:
        return _page(request, text, "", 404)
    try:
        prepared = prepare_mapping(text.encode("utf-8", "replace"))
        with visit.write(scope) as access:
            version = documents_of(request).mappings.add_new(
                access, text_of(visit.form, "name"), prepared
            )
    except (InvalidInput, TooLarge, Conflict) as error:
        return _page(request, text, error.text, error.status)
    url = path_to(request, "mapping_file", mapping=version.mapping_id)
    return redirect(request, url, text=_("{name} is added.").format(name=version.mapping_name))


def _page(request: Request, text: str, error: str, status: int) -> Response:
    name = text_of(visit_of(request).form, "name")
    context = {"text": text, "name": name, "error": error}
    return render(request, "mappings/deleted.html", context, status=status)
