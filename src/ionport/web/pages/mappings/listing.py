"""Mapping files: list, upload, new from a template, download, delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, IonportError
from ionport.core.i18n import _, labelled
from ionport.mappings.grammars.files import MAX_BYTES, TEMPLATES
from ionport.mappings.intake import PreparedMapping, prepare_mapping, prepared_template
from ionport.mappings.model import Finding, MappingKind, MappingSort, MappingVersion
from ionport.web.forms.fields import Upload, each_upload, errors_of, text_of
from ionport.web.rendering.audit.words import document_type_label
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "mapping-files"

_SHOWN_FINDINGS = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """The result for a dropped file: its kind and findings, and `version` when it was stored."""

    name: str
    kind: MappingKind | None
    findings: Sequence[Finding]
    error: str = ""
    version: MappingVersion | None = None


def list_files(request: Request) -> Response:
    """Show the mapping files with their findings, and where they are used."""
    visit, scope = visit_of(request), organization_scope(request)
    state = ListState.of(request, sorts=[each.value for each in MappingSort], filters=("q", "kind"))
    wanted = state.filters["kind"]
    mappings = documents_of(request).mappings
    with visit.read(scope) as access:
        found = mappings.list_with_findings(
            access,
            state.request,
            MappingKind(wanted) if wanted in set(MappingKind) else None,
            state.filters["q"],
            MappingSort(state.sort),
            descending=state.descending,
        )
        uses = mappings.uses(access, [each.file.id for each in found.items])
    kinds = [(kind.value, kind.label) for kind in MappingKind]
    context = {"state": state, "page_of": found, "uses": uses, "kinds": kinds}
    return render(request, "mappings/listing/list.html", context)


def upload_form(request: Request) -> Response:
    """Show the box that takes mapping files."""
    _require_administrator(request)
    return _upload_page(request, [])


def upload(request: Request) -> Response:
    """Store each file as a new file or version, or only check it."""
    _require_administrator(request)
    is_check = text_of(visit_of(request).form, "action") == "check"
    files = each_upload(visit_of(request).form, "files", MAX_BYTES)
    judged = [_judge(request, file, is_check=is_check) for file in files]
    if not judged:
        error = _("Choose at least one mapping file.")
        return _upload_page(request, [], error=error, status=422)
    kept = [each.version for each in judged if each.version is not None]
    if len(judged) == len(kept) == 1:
        text = _("{name} is saved as version {number}.")
        url = path_to(request, "mapping_file", mapping=kept[0].mapping_id)
        said = text.format(name=kept[0].mapping_name, number=kept[0].number)
        return redirect(request, url, text=said)
    return _upload_page(request, judged, is_check=is_check)


def _judge(request: Request, file: Upload, *, is_check: bool) -> Judged:
    """Read and lint a file, and store it unless it is only to be checked."""
    visit, scope = visit_of(request), organization_scope(request)
    prepared: PreparedMapping | None = None
    try:
        prepared = prepare_mapping(file.content)
        if is_check:
            return Judged(file.filename, prepared.kind, prepared.findings)
        with visit.write(scope) as access:
            version = documents_of(request).mappings.add(access, file.filename, prepared)
    except IonportError as error:
        kind = prepared.kind if prepared else None
        return Judged(file.filename, kind, (), error.text)
    return Judged(file.filename, version.kind, version.findings, version=version)


def _upload_page(
    request: Request,
    judged: Sequence[Judged],
    *,
    is_check: bool = False,
    error: str = "",
    status: int = 200,
) -> Response:
    context = {
        "judged": judged,
        "is_check": is_check,
        "error": error,
        "shown_findings": _SHOWN_FINDINGS,
        "kilobytes": MAX_BYTES // 1024,
    }
    return render(request, "mappings/listing/upload.html", context, status=status)


def new_form(request: Request) -> Response:
    """Show the templates that a new file can be made from."""
    _require_administrator(request)
    return _new_page(request, {})


def create(request: Request) -> Response:
    """Make a file from a template of ionport."""
    _require_administrator(request)
    visit, scope = visit_of(request), organization_scope(request)
    wanted = text_of(visit.form, "template")
    own = {name: prepared for name, _text, prepared in _templates()}
    if wanted not in own:
        return _new_page(request, {"template": _("Choose a template.")}, 422)
    name = text_of(visit.form, "name") or wanted
    try:
        with visit.write(scope) as access:
            service = documents_of(request).mappings
            version = service.add_new(access, name, own[wanted])
    except (InvalidInput, Conflict) as error:
        wrong = {"name": error.text} if isinstance(error, Conflict) else errors_of(error)
        return _new_page(request, wrong, error.status)
    text = _("{name} is added. Adapt the lines that are marked in it.")
    url = path_to(request, "mapping_file", mapping=version.mapping_id)
    return redirect(request, url, text=text.format(name=version.mapping_name))


def _new_page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    form = visit_of(request).form
    context = {
        "templates": [(name, text) for name, text, _prepared in _templates()],
        "chosen": text_of(form, "template"),
        "name": text_of(form, "name"),
        "errors": errors,
    }
    return render(request, "mappings/listing/new.html", context, status=status)


def _templates() -> Iterator[tuple[str, str, PreparedMapping]]:
    """Yield name, kind and document types in words, and content of the templates we ship."""
    for template in TEMPLATES:
        name, prepared = prepared_template(template.kind, template.document_types[0])
        types = ", ".join(document_type_label(one) for one in template.document_types)
        yield name, labelled(template.kind.label, types), prepared


def download(request: Request) -> Response:
    """Send a version of a file as it is stored; the newest unless `version` names one."""
    visit, scope = visit_of(request), organization_scope(request)
    number = request.query_params.get("version", "")
    mapping_id, mappings = request.path_params["mapping"], documents_of(request).mappings
    with visit.read(scope) as access:
        if number.isascii() and number.isdigit() and len(number) < 7:
            version = mappings.version(access, mapping_id, int(number))
        else:
            version = mappings.latest_version(access, mapping_id)
    return attachment(version.content, version.mapping_name)


def delete_form(request: Request) -> Response:
    """Ask before a file is deleted, or show why a used one cannot be."""
    _require_administrator(request)
    visit, scope = visit_of(request), organization_scope(request)
    mappings, mapping_id = documents_of(request).mappings, request.path_params["mapping"]
    with visit.read(scope) as access:
        file = mappings.get(access, mapping_id)
        why_kept = mappings.why_kept(access, mapping_id)
    url = path_to(request, "mapping_file", mapping=mapping_id)
    if why_kept:
        return redirect(request, url, kind="danger", text=why_kept)
    return ask_first(
        request,
        _("Delete {name}?").format(name=file.name),
        [
            _("The file is deleted with all its versions: {number}.").format(
                number=file.latest_number
            ),
            _("No configuration uses it, and no delivery names it."),
        ],
        _("Delete"),
        crumbs=[
            (_("Settings"), path_to(request, "settings")),
            (_("Mapping Files"), path_to(request, "mapping_files")),
            (file.name, url),
        ],
    )


def delete(request: Request) -> Response:
    """Delete a file that nothing uses."""
    visit, scope = visit_of(request), organization_scope(request)
    mapping_id = request.path_params["mapping"]
    try:
        with visit.write(scope) as access:
            file = documents_of(request).mappings.delete(access, mapping_id)
    except Conflict as error:
        url = path_to(request, "mapping_file", mapping=mapping_id)
        return redirect(request, url, kind="danger", text=error.text)
    text = _("{name} is deleted.").format(name=file.name)
    return redirect(request, path_to(request, "mapping_files"), text=text)


def _require_administrator(request: Request) -> None:
    scope = organization_scope(request)
    visit_of(request).actor.require_organization_administrator(scope.organization_id)


_BASE = "/settings/mapping-files"
_ONE = f"{_BASE}/{{mapping}}"
ROUTES = [
    Route(_BASE, list_files, name="mapping_files"),
    *form_routes(f"{_BASE}/upload", upload_form, upload, name="mapping_file_upload"),
    *form_routes(f"{_BASE}/new", new_form, create, name="mapping_file_new"),
    Route(f"{_ONE}/file", download, name="mapping_file_download"),
    *form_routes(f"{_ONE}/delete", delete_form, delete, name="mapping_file_delete"),
]
