"""Settings → Document Processing → Export (docs/reference/document-system.md#export-settings)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _, pgettext
from ionport.documents.types import DOCUMENT_TYPES
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.destinations import DESTINATIONS, destination_of
from ionport.exports.model import ExportMethod
from ionport.identity.access import Access
from ionport.mappings.grammars.properties import lines_of as lines_in
from ionport.mappings.model import MappingKind
from ionport.mappings.versions.acceptances.model import by_finding
from ionport.store import Work
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, is_judged, lines_of
from ionport.web.pages.connections.connections import held_over, held_text, start_check
from ionport.web.pages.connections.remedies import remedy_links
from ionport.web.pages.export_settings import form as export_form
from ionport.web.pages.export_settings.activation import proof_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "export"


def list_exports(request: Request) -> Response:
    """Show the configurations with their status dot."""
    state = ListState.of(request, sorts=["title"], filters=("q", "document_type"))
    with organization_read(request) as access:
        found = documents_of(request).configurations.list(
            access,
            state.request,
            text=state.filters["q"],
            document_type=state.filters["document_type"] or None,
        )
        names = _sub_organization_names(request, access.work)
        records = documents_of(request).deliveries.records(
            access, [item.id for item in found.items]
        )
        uses = {item.id: proof_of(request, access.work, item) for item in found.items}
    context = {
        "state": state,
        "uses": uses,
        "records": records,
        "page_of": found,
        "titles": Counter(item.title.lower() for item in found.items),
        "sub_organizations": names,
        "type_labels": _type_labels(),
    }
    return render(request, "export_settings/configurations/list.html", context)


def choose_method(request: Request) -> Response:
    """Show the first dialog of + New: which export type?"""
    _require_administrator(request)
    return render(
        request, "export_settings/configurations/choose.html", {"destinations": DESTINATIONS}
    )


def new_form(request: Request) -> Response:
    """Show the empty form of a method."""
    _require_administrator(request)
    method = _method(request.path_params["method"])
    values = {
        **export_form.template_defaults(),
        "document_type": "INVOICE",
        "connection": request.query_params.get("connection", ""),
    }
    return _form_page(request, method, values, {})


def create(request: Request) -> Response:
    """Store files and configuration, and prove the connection at once."""
    _require_administrator(request)
    visit = visit_of(request)
    method = _method(request.path_params["method"])
    if is_judged(visit.form):
        return _judged_page(request, method)
    try:
        files = export_form.read_files(request, method)
        with organization_write(request) as access:
            fields = export_form.store_files(request, access.work, method, files)
            made = documents_of(request).configurations.create(access, fields)
            found = documents_of(request).configurations.findings(access, made.id)
    except InvalidInput as error:
        values = export_form.sent_values(visit.form, method)
        return _form_page(request, method, values, errors_of(error), status=error.status)
    start_check(request, made.connection_id)
    text = _("{title} is saved. Watch the proof of its connection below, then activate it.")
    if any(finding.blocks for finding in found):
        text = _("{title} is saved. Mend below what blocks activation, then activate it.")
    return redirect(request, _url(request, made.id), text=text.format(title=made.title))


def edit_form(request: Request) -> Response:
    """Show the form of a stored configuration."""
    _require_administrator(request)
    configuration = _get(request)
    values = export_form.values_of(configuration)
    show_stored(request, values)
    return _form_page(request, configuration.method, values, {}, configuration)


def edit(request: Request) -> Response:
    """Change a configuration; a new credential is proved at once."""
    _require_administrator(request)
    visit = visit_of(request)
    old = _get(request)
    if is_judged(visit.form):
        return _judged_page(request, old.method, old)
    try:
        files = export_form.read_files(request, old.method)
        with organization_write(request) as access:
            require_unchanged(
                request,
                access,
                old.id,
                lambda: export_form.values_of(
                    documents_of(request).configurations.get(access, old.id)
                ),
            )
            fields = export_form.store_files(request, access.work, old.method, files)
            changed = documents_of(request).configurations.edit(
                access,
                old.id,
                fields,
                reason=lines_of(visit.form, "reason"),
            )
    except (InvalidInput, Conflict) as error:
        errors = _errors(error)
        values = export_form.sent_values(visit.form, old.method)
        return _form_page(request, old.method, values, errors, old, error.status)
    if changed.connection_id != old.connection_id:
        start_check(request, changed.connection_id)
    return redirect(request, _url(request, changed.id), text=_("The changes are saved."))


def _judged_page(
    request: Request, method: ExportMethod, configuration: ExportConfiguration | None = None
) -> Response:
    """Show what is wrong with the files that are chosen so far; nothing is stored."""
    errors: Mapping[str, str] = {}
    try:
        export_form.read_files(request, method)
    except InvalidInput as error:
        errors = errors_of(error)
    values = export_form.sent_values(visit_of(request).form, method)
    return _form_page(request, method, values, errors, configuration)


def _errors(error: InvalidInput | Conflict) -> Mapping[str, str]:
    if isinstance(error, InvalidInput):
        return errors_of(error)
    return {"reason" if error.code == "proof_not_passed" else "": error.text}


def _form_page(
    request: Request,
    method: ExportMethod,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    configuration: ExportConfiguration | None = None,
    status: int = 200,
) -> Response:
    with visit_of(request).services.database.read() as work:
        choices = export_form.choices(request, work, method)
    names = export_form.name_fields(method)
    context = {
        "destination": destination_of(method),
        "values": values,
        "errors": errors,
        "choices": choices,
        "options": export_form.option_fields(method),
        "own_names": names,
        "has_own_names": any(values.get(name) or name in errors for name in names.names),
        "credit_notes": export_form.credit_note_fields(method),
        "configuration": configuration,
    }
    return render(request, "export_settings/configurations/form.html", context, status=status)


def show(request: Request) -> Response:
    """Show a configuration: connection, proof, mapping files with their findings."""
    visit, scope = visit_of(request), organization_scope(request)
    services = visit.services
    with services.database.read() as work:
        access = Access(work, scope, visit.actor)
        configurations = documents_of(request).configurations
        configuration = configurations.get(access, request.path_params["configuration"])
        connections = documents_of(request).connections
        mappings = [
            documents_of(request).mappings.version_by_id(access, version_id)
            for version_id in configuration.version_ids().values()
        ]
        connection = connections.get(access, configuration.connection_id)
        check = connections.latest_check(access, connection.id)
        context = {
            "configuration": configuration,
            "use": proof_of(request, work, configuration),
            "record": documents_of(request).deliveries.records(access, [configuration.id])[
                configuration.id
            ],
            "findings": configurations.findings(access, configuration.id),
            "connection": connection,
            "check": check,
            "remedy_links": remedy_links(request, work, connection, check),
            "file_label": export_form.file_label,
            "mappings": mappings,
            "accepted": {
                each.mapping_id: by_finding(
                    documents_of(request).mappings.accepted(access, each.mapping_id)
                )
                for each in mappings
            },
            "file_lines": {
                each.kind.value: [line.raw for line in lines_in(each.text)] for each in mappings
            },
            "sub_organizations": _sub_organization_names(request, work),
            "type_labels": _type_labels(),
            "by_itself": documents_of(request)
            .types.policy(access, configuration.document_type)
            .exports_by_itself,
            "back": request.url.path,
        }
    idm = next((each.text for each in mappings if each.kind is MappingKind.IDM), "")
    if idm and request.query_params.get("tenant") == "asked":
        runs = documents_of(request).dry_runs
        context["compared"] = runs.compare(scope, configuration.connection_id, idm)
    return render(request, "export_settings/configurations/detail.html", context)


def delete_form(request: Request) -> Response:
    """Ask before a configuration is deleted."""
    organization_id = organization_scope(request).organization_id
    visit_of(request).actor.require_organization_administrator(organization_id)
    configuration = _get(request)
    with visit_of(request).services.database.read() as work:
        held = held_over(request, work, configuration_id=configuration.id)
    texts = [
        _(
            "Documents are no longer exported with it. Its connection, its mapping files and the"
            " ledger of its deliveries stay."
        ),
        *held_text(held),
    ]
    crumbs = [
        (_("Settings"), path_to(request, "settings")),
        (pgettext("settings", "Export"), path_to(request, "exports")),
        (configuration.title, _url(request, configuration.id)),
    ]
    heading = _("Delete {title}?").format(title=configuration.title)
    return ask_first(request, heading, texts, _("Delete"), crumbs=crumbs)


def delete(request: Request) -> Response:
    """Delete a configuration; the ledger keeps what it delivered."""
    configuration = _get(request)
    with organization_write(request) as access:
        documents_of(request).configurations.delete(access, configuration.id)
    text = _("{title} is deleted.").format(title=configuration.title)
    return redirect(request, path_to(request, "exports"), text=text)


def _get(request: Request) -> ExportConfiguration:
    with organization_read(request) as access:
        return documents_of(request).configurations.get(
            access, request.path_params["configuration"]
        )


def _require_administrator(request: Request) -> None:
    scope = organization_scope(request)
    visit_of(request).actor.require_organization_administrator(scope.organization_id)


def _method(slug: str) -> ExportMethod:
    try:
        return ExportMethod(slug)
    except ValueError as error:
        raise NotFound(_("There is no such export method.")) from error


def _sub_organization_names(request: Request, work: Work) -> dict[str, str]:
    return {sub.id: sub.name for sub in export_form.sub_organizations(request, work)}


def _type_labels() -> dict[str, str]:
    return {kind.id: kind.label for kind in DOCUMENT_TYPES.values()}


def _url(request: Request, configuration_id: str) -> str:
    return path_to(request, "export", configuration=configuration_id)


_BASE = "/settings/export"
_ONE = f"{_BASE}/{{configuration}}"
ROUTES = [
    Route(_BASE, list_exports, name="exports"),
    Route(f"{_BASE}/new", choose_method, name="export_choose"),
    Route(f"{_BASE}/new/{{method}}", new_form, methods=["GET"], name="export_new"),
    Route(f"{_BASE}/new/{{method}}", create, methods=["POST"]),
    Route(_ONE, show, name="export"),
    Route(f"{_ONE}/edit", edit_form, methods=["GET"], name="export_edit"),
    Route(f"{_ONE}/edit", edit, methods=["POST"]),
    Route(f"{_ONE}/delete", delete_form, methods=["GET"], name="export_delete"),
    Route(f"{_ONE}/delete", delete, methods=["POST"]),
]
