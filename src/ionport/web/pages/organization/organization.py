"""The organization: its name, what it has, and the change to another one."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, existing
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.identity.edits import ChangedMeanwhile
from ionport.identity.model import Organization, time_zones
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.middleware import cookies
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import organization_trail
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "groups"

_ONE = PageRequest(per_page=1)
_ONE_YEAR = 365 * 86_400


def show(request: Request) -> Response:
    """Show the organization's name and what it has."""
    return _page(request, {}, {})


def _page(
    request: Request, typed: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    visit, scope, side = visit_of(request), organization_scope(request), documents_of(request)
    services = visit.services
    with visit.read(scope) as access:
        access.require_organization_administrator()
        organization = services.identity.get_organization(access)
        if request.method == "GET":
            show_stored(request, _stored(organization))
        parts = services.identity.list_sub_organizations(access)
        counts = [
            (_("Users"), services.rights.list_colleagues(access, page=_ONE).total, "colleagues"),
            (_("Groups"), len(services.groups.list(access)), "groups"),
            (_("Companies"), len(side.companies.list(access)), "companies"),
            (_("Connections"), side.connections.list(access, _ONE).total, "connections"),
            (_("Export configurations"), side.configurations.list(access, _ONE).total, "exports"),
            (_("API keys"), len(side.api_keys.list(access)), "api_keys"),
        ]
        trail = organization_trail(request, access.work, [organization.id])
    context = {
        "organization": organization,
        **_stored(organization),
        **typed,
        "time_zones": [(name, name) for name in sorted(time_zones())],
        "parts": parts,
        "counts": [(label, n, path_to(request, route)) for label, n, route in counts],
        "trail": trail,
        "errors": errors,
    }
    return render(request, "organization/organization.html", context, status=status)


def _stored(organization: Organization) -> dict[str, str]:
    return {"name": organization.name, "time_zone": organization.time_zone}


def save(request: Request) -> Response:
    """Give the organization another name, or another time zone."""
    visit, scope = visit_of(request), organization_scope(request)
    identity = visit.services.identity
    typed = {name: text_of(visit.form, name) for name in ("name", "time_zone")}
    try:
        with visit.write(scope) as access:
            access.require_organization_administrator()
            require_unchanged(
                request,
                access,
                scope.organization_id,
                lambda: _stored(identity.get_organization(access)),
            )
            identity.rename_organization(access, typed["name"])
            identity.set_time_zone(access, typed["time_zone"])
    except (ChangedMeanwhile, InvalidInput) as error:
        return _page(request, typed, errors_of(error), error.status)
    return redirect(request, path_to(request, "organization"), text=_("The organization is saved."))


def switch(request: Request) -> Response:
    """Work in another organization of one's own from now on, in this browser."""
    visit = visit_of(request)
    wanted = text_of(visit.form, "organization")
    found = next((one for one in visit.organizations if one.id == wanted), None)
    found = existing(found, _("There is no such organization, or you do not belong to it."))
    response = RedirectResponse("/dashboard", status_code=303)
    name = cookies.names(request, secure=visit.secure_cookies).organization
    response.headers.append(
        "Set-Cookie", cookies.made(name, found.id, visit.secure_cookies, _ONE_YEAR)
    )
    return response


_BASE = "/settings/organization"
ROUTES = [
    *form_routes(_BASE, show, save, name="organization"),
    Route("/organization", switch, methods=["POST"], name="organization_switch"),
]
