"""Document side: an export configuration is copied, and all are saved and read as JSON."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _, ngettext
from ionport.exports.configurations.transfer import read_transfer
from ionport.web.forms.fields import uploads_of
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "export"


def save(request: Request) -> Response:
    """Send all configurations, or the one of the query, as JSON."""
    one = request.query_params.get("configuration", "")
    with organization_read(request) as access:
        content = documents_of(request).configurations.transfer.write(access, (one,) if one else ())
    return attachment(content, "export-configurations.json")


def import_form(request: Request) -> Response:
    """Show the form that takes such a file."""
    _require_administrator(request)
    return _page(request)


def read(request: Request) -> Response:
    """Make the configurations of a file; none of them is active."""
    _require_administrator(request)
    try:
        uploads = uploads_of(visit_of(request).form, "file")
        if not uploads:
            raise InvalidInput(_("Choose a file that Export as JSON has made."))
        named = read_transfer(uploads[0].content)
        with organization_write(request) as access:
            made = documents_of(request).configurations.transfer.read(access, named)
    except (InvalidInput, TooLarge) as error:
        return _page(request, error.text, error.status)
    text = ngettext(
        "{n} configuration is imported. Look at it, then activate it.",
        "{n} configurations are imported. Look at them, then activate them.",
        len(made),
    )
    return redirect(request, path_to(request, "exports"), text=text.format(n=len(made)))


def duplicate(request: Request) -> Response:
    """Make a copy and lead to its form."""
    with organization_write(request) as access:
        made = documents_of(request).configurations.transfer.duplicate(
            access, request.path_params["configuration"]
        )
    text = _("{title} is made. It is not active yet.").format(title=made.title)
    return redirect(request, path_to(request, "export_edit", configuration=made.id), text=text)


def _page(request: Request, error: str = "", status: int = 200) -> Response:
    return render(request, "export_settings/transfer.html", {"error": error}, status=status)


def _require_administrator(request: Request) -> None:
    scope = organization_scope(request)
    visit_of(request).actor.require_organization_administrator(scope.organization_id)


ROUTES = [
    Route("/settings/export/file", save, name="exports_save"),
    *form_routes("/settings/export/import", import_form, read, name="exports_import"),
    Route(
        "/settings/export/{configuration}/duplicate",
        duplicate,
        methods=["POST"],
        name="export_duplicate",
    ),
]
