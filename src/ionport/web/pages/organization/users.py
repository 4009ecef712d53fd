"""People of the organization, for its administrators: who belongs to it, and their rights."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.identity.edits import ChangedMeanwhile
from ionport.identity.model import OrganizationRole
from ionport.web.forms.edits import show_stored
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.forms.rights import role_fields, save_rights, stored_rights
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import organization_trail
from ionport.web.services import sides_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "groups"


def list_users(request: Request) -> Response:
    """Show the organization's members with their groups."""
    visit, scope = visit_of(request), organization_scope(request)
    state = ListState.of(request, sorts=["username"])
    with visit.read(scope) as access:
        found = visit.services.rights.list_colleagues(access, state.filters["q"], state.request)
        groups = visit.services.groups.list(access)
    context = {
        "state": state,
        "page_of": found,
        "groups": groups,
        "tenant_users": _tenant_users(request),
    }
    return render(request, "organization/users/list.html", context)


def _tenant_users(request: Request) -> str:
    """Return the address where users are added; empty where the reader may not add any."""
    visit = visit_of(request)
    mine = [one for one in visit.tenants if visit.actor.is_tenant_administrator(one)]
    if sides_of(request).infor is None or not mine:
        return ""
    return path_to(request, "user_add", tenant=mine[0])


def show(request: Request) -> Response:
    """Show a person, their rights and what was done about them."""
    return _page(request, {})


def _page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    user_id = str(request.path_params["user"])
    with visit.read(scope) as access:
        colleague = visit.services.rights.get_colleague(access, user_id)
        rights = visit.services.rights.of_person(access, user_id)
        if request.method == "GET":
            show_stored(request, stored_rights(rights))
        context = {
            "user": colleague.user,
            "role_fields": role_fields(request, rights, scope.organization_id),
            "rights_url": path_to(request, "colleague_rights", user=user_id),
            "tenants": [one for one, role in rights.tenants.items() if role is not None]
            if sides_of(request).infor is not None
            else [],
            "trail": organization_trail(request, access.work, [user_id]),
            "errors": errors,
        }
    return render(request, "organization/users/detail.html", context, status=status)


def set_rights(request: Request) -> Response:
    """Save the roles and groups wherever the actor is an administrator."""
    visit, scope = visit_of(request), organization_scope(request)
    user_id = str(request.path_params["user"])
    try:
        with visit.write(scope) as access:
            save_rights(request, access, user_id)
    except (ChangedMeanwhile, Conflict, InvalidInput) as error:
        return _page(request, errors_of(error), error.status)
    sent = text_of(visit.form, f"organization:{scope.organization_id}")
    stays = user_id != visit.actor.user_id or sent != OrganizationRole.USER.value
    url = path_to(request, "colleague", user=user_id) if stays else "/"
    return redirect(request, url, text=_("The rights are saved. They hold from now on."))


def remove_form(request: Request) -> Response:
    """Ask before a person leaves the organization."""
    visit, scope = visit_of(request), organization_scope(request)
    with visit.read(scope) as access:
        found = visit.services.rights.get_colleague(access, str(request.path_params["user"]))
    texts = [
        _(
            "The person no longer sees anything of this organization and is in none of its groups."
            " API keys that act as this person are refused. The account itself and its other"
            " memberships stay."
        )
    ]
    crumbs = [
        (_("Settings"), path_to(request, "settings")),
        (_("Users"), path_to(request, "colleagues")),
        (found.user.username, path_to(request, "colleague", user=found.user.id)),
    ]
    heading = _("Remove {name} from the organization?").format(name=found.user.username)
    return ask_first(request, heading, texts, _("Remove"), crumbs=crumbs)


def remove(request: Request) -> Response:
    """Take a person out of the organization."""
    visit, scope = visit_of(request), organization_scope(request)
    user_id = str(request.path_params["user"])
    with visit.write(scope) as access:
        found = visit.services.rights.get_colleague(access, user_id)
        visit.services.rights.remove_colleague(access, user_id)
    url = "/" if user_id == visit.actor.user_id else path_to(request, "colleagues")
    text = _("{name} no longer belongs to the organization.").format(name=found.user.username)
    return redirect(request, url, text=text)


_BASE = "/settings/users"
ROUTES = [
    Route(_BASE, list_users, methods=["GET"], name="colleagues"),
    Route(f"{_BASE}/{{user}}", show, methods=["GET"], name="colleague"),
    Route(f"{_BASE}/{{user}}/rights", set_rights, methods=["POST"], name="colleague_rights"),
    Route(f"{_BASE}/{{user}}/remove", remove_form, methods=["GET"], name="colleague_remove"),
    Route(f"{_BASE}/{{user}}/remove", remove, methods=["POST"]),
]
