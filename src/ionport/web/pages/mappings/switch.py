"""Switch export configurations to a version of a mapping file, with what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _, ngettext
from ionport.mappings.ports import MappingUse
from ionport.mappings.versions.differences import difference
from ionport.web.pages.mappings.versions import version_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "mapping-files"


def switch_form(request: Request) -> Response:
    """Show which configurations use another version, and what a switch would mean for each."""
    _require_administrator(request)
    return _page(request, None)


def switch(request: Request) -> Response:
    """Switch the chosen configurations, all or none."""
    _require_administrator(request)
    visit, scope, version = visit_of(request), organization_scope(request), version_of(request)
    chosen = {each for each in visit.form.getlist("configuration") if isinstance(each, str)}
    if not chosen:
        return _page(request, set(), _("Choose at least one configuration."), 422)
    under_way = 0
    try:
        with visit.write(scope) as access:
            uses = documents_of(request).mappings.uses(access, [version.mapping_id])
            used = [
                use for use in uses.get(version.mapping_id, []) if use.configuration_id in chosen
            ]
            if len(used) < len(chosen):
                raise InvalidInput(
                    _("A chosen configuration does not use this file: none was switched."),
                    code="configuration_moved",
                )
            for use in used:
                switched = documents_of(request).configurations.switch_version(
                    access, use.configuration_id, version.kind, version.id
                )
                under_way += switched.under_way
    except InvalidInput as error:
        return _page(request, chosen, error.text, error.status)
    text = ngettext(
        "{n} configuration uses version {number} now.",
        "{n} configurations use version {number} now.",
        len(used),
    ).format(n=len(used), number=version.number)
    if under_way:
        kept = ngettext(
            "{n} delivery under way keeps the version it has.",
            "{n} deliveries under way keep the version they have.",
            under_way,
        )
        text = f"{text} {kept.format(n=under_way)}"
    url = path_to(request, "mapping_versions", mapping=version.mapping_id)
    return redirect(request, url, text=text)


def _page(
    request: Request, chosen: Collection[str] | None, error: str = "", status: int = 200
) -> Response:
    visit, scope, version = visit_of(request), organization_scope(request), version_of(request)
    mappings, configurations = documents_of(request).mappings, documents_of(request).configurations
    with visit.read(scope) as access:
        file = mappings.get(access, version.mapping_id)
        uses = mappings.uses(access, [file.id]).get(file.id, [])
        others = [use for use in uses if use.number != version.number]
        under_way = configurations.count_under_way(access, [use.configuration_id for use in others])
        before = [mappings.version(access, file.id, number) for number in _numbers(others)]
    changed = {each.number: difference(each.text, version.text) for each in before}
    context = {
        "file": file,
        "saved": version,
        "uses": others,
        "under_way": under_way,
        "changed": changed,
        "blocked": version.blocking(),
        "chosen": [use.configuration_id for use in others] if chosen is None else chosen,
        "error": error,
    }
    return render(request, "mappings/switch.html", context, status=status)


def _numbers(uses: Sequence[MappingUse]) -> list[int]:
    return sorted({use.number for use in uses if use.number is not None})


def _require_administrator(request: Request) -> None:
    scope = organization_scope(request)
    visit_of(request).actor.require_organization_administrator(scope.organization_id)


_SWITCH = "/settings/mapping-files/{mapping}/versions/{number}/switch"
ROUTES = [
    Route(_SWITCH, switch_form, methods=["GET"], name="mapping_version_switch"),
    Route(_SWITCH, switch, methods=["POST"]),
]
