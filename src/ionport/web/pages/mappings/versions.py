"""Versions of a mapping file: who saved them, how they differ, and the way back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.i18n import _, ngettext
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingVersion
from ionport.mappings.versions.acceptances.model import by_finding
from ionport.mappings.versions.differences import difference
from ionport.web.forms.fields import number_in
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import organization_trail
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "mapping-files"


def list_versions(request: Request) -> Response:
    """Show the versions of a file, the newest first, and what uses it."""
    visit, scope = visit_of(request), organization_scope(request)
    mappings, mapping_id = documents_of(request).mappings, request.path_params["mapping"]
    state = ListState.of(request, sorts=["number"], filters=(), default_descending=True)
    with visit.services.database.read() as work:
        access = work.within(scope)
        context = {
            "state": state,
            "file": mappings.get(access, mapping_id),
            "page_of": mappings.versions(access, mapping_id, state.request),
            "uses": mappings.uses(access, [mapping_id]).get(mapping_id, []),
            "trail": organization_trail(request, work, [mapping_id]),
        }
    return render(request, "mappings/versions/list.html", context)


def compare(request: Request) -> Response:
    """Show what is different between two versions: `old` and `new` in the address."""
    visit, scope = visit_of(request), organization_scope(request)
    mappings, mapping_id = documents_of(request).mappings, request.path_params["mapping"]
    with visit.read(scope) as access:
        file = mappings.get(access, mapping_id)
        new = _asked(request, "new", file.latest_number)
        old = _asked(request, "old", max(new - 1, 1))
        older = mappings.version(access, mapping_id, old)
        newer = mappings.version(access, mapping_id, new)
    context = {
        "file": file,
        "older": older,
        "newer": newer,
        "found": difference(older.text, newer.text),
    }
    return render(request, "mappings/versions/compare.html", context)


def show(request: Request) -> Response:
    """Show one version as it was saved."""
    version = version_of(request)
    visit, scope = visit_of(request), organization_scope(request)
    with visit.read(scope) as access:
        file = documents_of(request).mappings.get(access, version.mapping_id)
        accepted = by_finding(documents_of(request).mappings.accepted(access, version.mapping_id))
    context = {"file": file, "saved": version, "accepted": accepted}
    return render(request, "mappings/versions/detail.html", context)


def roll_back_form(request: Request) -> Response:
    """Ask before the text of an older version becomes the newest one."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    version, mappings = version_of(request), documents_of(request).mappings
    with visit.read(scope) as access:
        file = mappings.get(access, version.mapping_id)
        newest = mappings.latest_version(access, version.mapping_id)
        uses = mappings.uses(access, [file.id]).get(file.id, [])
    found = difference(newest.text, version.text)
    following = [use for use in uses if use.number is None]
    points = [
        ngettext("{n} line comes back.", "{n} lines come back.", found.added).format(n=found.added),
        ngettext("{n} line goes.", "{n} lines go.", found.removed).format(n=found.removed),
    ]
    if errors := len(version.blocking()):
        points.append(
            ngettext(
                "Version {number} has {n} error that blocks activation.",
                "Version {number} has {n} errors that block activation.",
                errors,
            ).format(number=version.number, n=errors)
        )
    if following:
        points.append(
            _("New deliveries of {titles} use it at once.").format(
                titles=", ".join(f"“{use.title}”" for use in following[:5])
            )
        )
    return ask_first(
        request,
        _("Roll back {name} to version {number}?").format(name=file.name, number=version.number),
        [
            _(
                "The text of version {number} is saved as version {next}. No version is lost, and"
                " the ledger goes on naming what was used."
            ).format(number=version.number, next=file.latest_number + 1)
        ],
        _("Roll back"),
        points=points,
        crumbs=[
            (_("Settings"), path_to(request, "settings")),
            (_("Mapping Files"), path_to(request, "mapping_files")),
            (file.name, path_to(request, "mapping_file", mapping=file.id)),
            (_("Versions"), path_to(request, "mapping_versions", mapping=file.id)),
        ],
        is_destructive=False,
    )


def roll_back(request: Request) -> Response:
    """Save the text of an older version as the newest one."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    version = version_of(request)
    prepared = prepare_mapping(version.content, version.kind)
    with visit.write(scope) as access:
        made = documents_of(request).mappings.roll_back(
            access, version.mapping_id, version.number, prepared
        )
    url = path_to(request, "mapping_versions", mapping=version.mapping_id)
    text = _("Version {number} has the text of version {old} now.")
    return redirect(request, url, text=text.format(number=made.number, old=version.number))


def version_of(request: Request) -> MappingVersion:
    """Return the version that the address names; raises NotFound."""
    visit, scope = visit_of(request), organization_scope(request)
    number = number_in(request.path_params["number"]) or 0
    with visit.read(scope) as access:
        return documents_of(request).mappings.version(
            access, request.path_params["mapping"], number
        )


def _asked(request: Request, name: str, otherwise: int) -> int:
    return number_in(request.query_params.get(name, "")) or otherwise


_VERSIONS = "/settings/mapping-files/{mapping}/versions"
_ONE = f"{_VERSIONS}/{{number}}"
ROUTES = [
    Route(_VERSIONS, list_versions, name="mapping_versions"),
    Route(f"{_VERSIONS}/compare", compare, name="mapping_versions_compare"),
    Route(_ONE, show, name="mapping_version"),
    *form_routes(f"{_ONE}/roll-back", roll_back_form, roll_back, name="mapping_version_roll_back"),
]
