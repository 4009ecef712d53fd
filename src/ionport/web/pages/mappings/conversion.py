"""An M3 mapping in its other form: shown with what is lost, and saved as a new file."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingFile
from ionport.mappings.versions.conversion import Converted, convert, converted_name
from ionport.web.forms.fields import text_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "mapping-files"


def convert_form(request: Request) -> Response:
    """Show the file in its other form, and what that cannot express."""
    file, made = _converted(request)
    return _page(request, file, made, converted_name(file.name, made.kind))


def save_converted(request: Request) -> Response:
    """Save the other form as a new file."""
    file, made = _converted(request)
    visit, scope = visit_of(request), organization_scope(request)
    name = text_of(visit.form, "name")
    try:
        prepared = prepare_mapping(made.text.encode(), made.kind)
        with visit.write(scope) as access:
            version = documents_of(request).mappings.add_new(access, name, prepared)
    except (InvalidInput, TooLarge, Conflict) as error:
        return _page(request, file, made, name, error.text, error.status)
    text = _("{name} is added.").format(name=version.mapping_name)
    return redirect(
        request, path_to(request, "mapping_file", mapping=version.mapping_id), text=text
    )


def _converted(request: Request) -> tuple[MappingFile, Converted]:
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    mappings, mapping_id = documents_of(request).mappings, request.path_params["mapping"]
    with visit.read(scope) as access:
        file = mappings.get(access, mapping_id)
        newest = mappings.latest_version(access, mapping_id)
    return file, convert(newest.kind, newest.text)


def _page(
    request: Request,
    file: MappingFile,
    made: Converted,
    name: str,
    error: str = "",
    status: int = 200,
) -> Response:
    context = {"file": file, "made": made, "name": name, "error": error}
    return render(request, "mappings/conversion.html", context, status=status)


_CONVERT = "/settings/mapping-files/{mapping}/convert"
ROUTES = [
    Route(_CONVERT, convert_form, methods=["GET"], name="mapping_file_convert"),
    Route(_CONVERT, save_converted, methods=["POST"]),
]
