"""A line of a mapping file that keeps a configuration from being active is mended where it is told.

The corrected line is saved as the next version of the file, and the configuration uses that.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, NotFound, TooLarge
from ionport.core.i18n import _
from ionport.mappings.grammars.edits import Edit, apply_edits
from ionport.mappings.grammars.encodings import encode
from ionport.mappings.grammars.properties import lines_of
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingVersion
from ionport.web.forms.fields import text_of, whole_number
from ionport.web.rendering.templating import path_to, redirect
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "mapping-files"


def mend(request: Request) -> Response:
    """Save a file with another text in one line, and let the configuration use that version."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    version = _used_version(request)
    configuration_id: str = request.path_params["configuration"]
    url = path_to(request, "export", configuration=configuration_id)
    mappings, configurations = documents_of(request).mappings, documents_of(request).configurations
    try:
        number, typed = whole_number(visit.form, "line") or 0, visit.form.get("text")
        text = _with_line(version.text, number, typed)
        prepared = prepare_mapping(encode(text, version.encoding), version.kind)
        with visit.write(scope) as access:
            based_on = whole_number(visit.form, "version") or 0
            saved = mappings.save(access, version.mapping_id, prepared, based_on=based_on)
            configurations.switch_version(access, configuration_id, version.kind, saved.id)
    except (InvalidInput, TooLarge, Conflict) as error:
        return redirect(request, url, kind="danger", text=error.text)
    said = _("{name} is saved as version {number}, which the configuration uses now.")
    return redirect(request, url, text=said.format(name=saved.mapping_name, number=saved.number))


def _used_version(request: Request) -> MappingVersion:
    visit, scope = visit_of(request), organization_scope(request)
    kind = text_of(visit.form, "kind")
    with visit.read(scope) as access:
        configuration = documents_of(request).configurations.get(
            access, request.path_params["configuration"]
        )
        used = {each.value: version for each, version in configuration.version_ids().items()}
        version_id = used.get(kind)
        if version_id is None:
            raise NotFound(_("The configuration uses no such mapping file."))
        return documents_of(request).mappings.version_by_id(access, version_id)


def _with_line(text: str, number: int, typed: object) -> str:
    lines = list(lines_of(text))
    if not isinstance(typed, str) or not 1 <= number <= len(lines):
        raise InvalidInput(_("The file has no such line any more. Open it in the editor."))
    if "\n" in typed or "\r" in typed:
        raise InvalidInput(_("Enter one line."))
    return apply_edits(text, [Edit(number, 1, number, len(lines[number - 1].raw) + 1, typed)])


ROUTES = [
    Route("/settings/export/{configuration}/mend", mend, methods=["POST"], name="export_mend")
]
