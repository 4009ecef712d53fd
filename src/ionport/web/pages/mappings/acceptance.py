"""Accepting findings that hold a version of a mapping file, and withdrawing that."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.mappings.versions.acceptances.model import by_finding
from ionport.web.forms.fields import errors_of, lines_of
from ionport.web.pages.mappings.versions import version_of
from ionport.web.rendering.confirm import Crumbs, ask_first
from ionport.web.rendering.templating import path_to, redirect
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "mapping-files"


def accept_form(request: Request) -> Response:
    """Ask why a finding is to hold the file no longer; without one, lead to the version's."""
    if not _asked(request):
        version = version_of(request)
        number = str(version.number)
        url = path_to(request, "mapping_version", mapping=version.mapping_id, number=number)
        return redirect(request, url)
    return _page(request)


def accept(request: Request) -> Response:
    """Store the decision: the finding holds neither this version nor a later one."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    version = version_of(request)
    asked = [_asked(request)]
    try:
        with visit.write(scope) as access:
            documents_of(request).mappings.accept(
                access, version.mapping_id, version.number, asked, lines_of(visit.form, "reason")
            )
    except (InvalidInput, Conflict) as error:
        return _page(request, errors_of(error), error.status)
    url = path_to(request, "mapping_file", mapping=version.mapping_id)
    # From the page of a configuration the way leads back to it.
    configuration = request.query_params.get("configuration", "")
    if re.fullmatch(r"\w{1,60}", configuration, re.ASCII):
        url = path_to(request, "export", configuration=configuration)
    return redirect(request, url, text=_("The finding is accepted and holds the file no longer."))


def withdraw_form(request: Request) -> Response:
    """Ask before an accepted finding holds again; without one, lead to the file."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    mappings, mapping_id = documents_of(request).mappings, request.path_params["mapping"]
    with visit.read(scope) as access:
        file = mappings.get(access, mapping_id)
        accepted = by_finding(mappings.accepted(access, mapping_id))
        uses = mappings.uses(access, [mapping_id]).get(mapping_id, [])
    url = path_to(request, "mapping_file", mapping=file.id)
    if not _asked(request):
        return redirect(request, url)
    one = accepted.get(_asked(request))
    if one is None:
        raise NotFound(_("No such finding is accepted."), code="not_accepted")
    active = ", ".join(f"“{use.title}”" for use in uses[:5] if use.is_active)
    held = [_("Deliveries of {titles} are held then.").format(titles=active)] if active else []
    return ask_first(
        request,
        _("Withdraw the acceptance?"),
        [
            _("It was accepted by {name}: {reason}").format(
                name=one.accepted_by, reason=one.reason
            ),
            _("The finding holds each version again that says so."),
        ],
        _("Withdraw"),
        ending=held,
        crumbs=_crumbs(request, file.name, url),
    )


def withdraw(request: Request) -> Response:
    """Let an accepted finding hold again."""
    visit, scope = visit_of(request), organization_scope(request)
    mapping_id: str = request.path_params["mapping"]
    with visit.write(scope) as access:
        documents_of(request).mappings.withdraw_acceptance(access, mapping_id, _asked(request))
    url = path_to(request, "mapping_file", mapping=mapping_id)
    return redirect(request, url, text=_("The acceptance is withdrawn."))


def _page(request: Request, errors: Mapping[str, str] | None = None, status: int = 200) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    version = version_of(request)
    finding = next((one for one in version.findings if one.identity == _asked(request)), None)
    if finding is None or not finding.acceptable:
        raise NotFound(_("This version has no such finding that can be accepted."))
    url = path_to(request, "mapping_file", mapping=version.mapping_id)
    return ask_first(
        request,
        _("Accept the finding?"),
        [finding.text, finding.remedy],
        _("Accept"),
        ending=[_("It holds neither this version nor a later one of the file that says the same.")],
        crumbs=_crumbs(request, version.mapping_name, url),
        reason={
            "label": _("Reason"),
            "help": _("It is kept and shown, at most 500 characters."),
            "value": lines_of(visit.form, "reason"),
            "optional": "",
        },
        errors=errors,
        status=status,
    )


def _crumbs(request: Request, name: str, url: str) -> Crumbs:
    return [
        (_("Settings"), path_to(request, "settings")),
        (_("Mapping Files"), path_to(request, "mapping_files")),
        (name, url),
    ]


def _asked(request: Request) -> str:
    return request.query_params.get("finding", "")[:500]


_ACCEPT = "/settings/mapping-files/{mapping}/versions/{number}/accept"
ROUTES = [
    Route(_ACCEPT, accept_form, methods=["GET"], name="mapping_version_accept"),
    Route(_ACCEPT, accept, methods=["POST"]),
    *form_routes(
        "/settings/mapping-files/{mapping}/accepted/remove",
        withdraw_form,
        withdraw,
        name="mapping_acceptance_withdraw",
    ),
]
