"""Infor side: the users of a tenant, for its administrators."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.identity.edits import ChangedMeanwhile
from ionport.identity.members.model import Member, MemberQuery, MemberSort
from ionport.identity.model import Actor, TenantRole
from ionport.identity.service import NewUser
from ionport.web.forms.declared import FieldKind, Form, FormField
from ionport.web.forms.edits import show_stored
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.forms.rights import (
    administered_organizations,
    fields_elsewhere,
    person_fields,
    role_fields,
    save_rights,
    stored_rights,
    wanted_elsewhere,
)
from ionport.web.pages.tenant.user_access import shown_once
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import trail_of
from ionport.web.routes import form_routes
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "users"

_STATUSES = {"enabled": False, "disabled": True}


def list_users(request: Request) -> Response:
    """Show the tenant's users, filtered and sorted."""
    state = ListState.of(
        request, sorts=[sort.value for sort in MemberSort], filters=("q", "role", "status")
    )
    role = state.filters["role"]
    query = MemberQuery(
        text=state.filters["q"],
        role=TenantRole(role) if role in list(TenantRole) else None,
        is_disabled=_STATUSES.get(state.filters["status"]),
        sort=MemberSort(state.sort),
        descending=state.descending,
        page=state.request,
    )
    with tenant_read(request) as access:
        found = visit_of(request).services.members.list_members(access, query)
    context = {"state": state, "page_of": found, "roles": _roles()}
    return render(request, "tenant/users/list.html", context)


def add_form(request: Request) -> Response:
    """Show the empty form of a new user."""
    visit_of(request).actor.require_tenant_administrator(tenant_scope(request).tenant_id)
    return _add_page(request, {"role": TenantRole.USER.value}, {})


def add(request: Request) -> Response:
    """Make a user of this tenant, and show once the link that lets them choose a password."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    form = _new_user_form()
    values = form.sent(visit.form)
    services = visit.services
    try:
        form.check(values)
        nothing = services.identity.hash_of_nothing()
        with visit.write(scope) as access:
            member = services.members.add_member(
                access,
                NewUser(values["username"], values["full_name"], values["email"]),
                nothing,
                TenantRole(values["role"]),
            )
            services.rights.set_of_person(access, member.user.id, wanted_elsewhere(request))
            # Last: a link is good for the rights that the account has when it is made.
            link = services.accounts.invite(access, member.user.id)
    except InvalidInput as error:
        return _add_page(request, values, errors_of(error), error.status)
    text = _("{name} is added, and can sign in once a password is chosen.")
    return shown_once(request, link, text.format(name=member.user.username))


def _add_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    context = {
        "form": _new_user_form(),
        "values": values,
        "errors": errors,
        "role_fields": fields_elsewhere(request, [], administered_organizations(request)),
    }
    return render(request, "tenant/users/add.html", context, status=status)


def _new_user_form() -> Form:
    return Form(
        [
            *person_fields(),
            FormField(
                "role",
                _("Role"),
                FieldKind.CHOICE,
                required=True,
                choices=_roles(),
                help=_(
                    "An IONAPI-Administrator manages apps, users and the configuration of this"
                    " tenant. A plain user signs on to apps and is the person behind service"
                    " accounts."
                ),
            ),
        ]
    )


def show(request: Request) -> Response:
    """Show a user, the roles and what was done about them."""
    return _detail_page(request, {})


def _detail_page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    visit, scope = visit_of(request), tenant_scope(request)
    services, user_id = visit.services, str(request.path_params["user"])
    with visit.read(scope) as access:
        member = services.members.get_member(access, user_id)
        rights = services.rights.of_person(access, user_id)
        is_used_elsewhere = services.members.is_used_elsewhere(access, user_id)
        if request.method == "GET":
            show_stored(request, stored_rights(rights))
        context = {
            "member": member,
            "role_fields": role_fields(request, rights, scope.tenant_id),
            "rights_url": path_to(request, "user_roles", tenant=scope.tenant_id, user=user_id),
            "is_used_elsewhere": is_used_elsewhere,
            "has_second_factor": services.accounts.has_second_factor(access, user_id),
            "links": services.accounts.list_links(access, user_id),
            "sessions": 0
            if is_used_elsewhere
            else len(services.accounts.list_sessions(access, user_id)),
            "is_self": user_id == visit.actor.user_id,
            "trail": trail_of(request, access.work, [user_id]),
            "errors": errors,
        }
    return render(request, "tenant/users/detail.html", context, status=status)


def set_roles(request: Request) -> Response:
    """Save the roles and groups wherever the actor is an administrator."""
    visit, scope = visit_of(request), tenant_scope(request)
    user_id = str(request.path_params["user"])
    try:
        with visit.write(scope) as access:
            told = save_rights(request, access, user_id)
    except ChangedMeanwhile as error:
        return _detail_page(request, errors_of(error), error.status)
    keeps_role = text_of(visit.form, f"tenant:{scope.tenant_id}") != TenantRole.USER.value
    is_self = user_id == visit.actor.user_id
    url = _user_url(request, user_id) if keeps_role or not is_self else "/"
    return redirect(request, url, text=told)


def disable_form(request: Request) -> Response:
    """Ask before an account is closed."""
    text = _(
        "The user is signed out everywhere and cannot sign in. Service accounts that act as this"
        " user stop working, and so do apps that the user signed on to. You can enable the user"
        " again at any time."
    )
    return _ask_first(request, _("Disable {name}?"), text, _("Disable"))


def disable(request: Request) -> Response:
    """Close an account."""
    return _set_disabled(request, True, _("{name} is disabled and signed out everywhere."))


def enable(request: Request) -> Response:
    """Open an account again."""
    return _set_disabled(request, False, _("{name} is enabled and can sign in again."))


def _set_disabled(request: Request, disabled: bool, text: str) -> Response:
    members, user_id = visit_of(request).services.members, str(request.path_params["user"])
    with tenant_write(request) as access:
        member = members.get_member(access, user_id)
        members.set_disabled(access, user_id, disabled)
    text = text.format(name=member.user.username)
    return redirect(request, _user_url(request, user_id), text=text)


def remove_form(request: Request) -> Response:
    """Ask before a user leaves the tenant."""
    text = _(
        "The user no longer sees anything of this tenant, and service accounts that act as this"
        " user stop working. The account itself and its other memberships stay."
    )
    return _ask_first(request, _("Remove {name} from {tenant}?"), text, _("Remove"))


def remove(request: Request) -> Response:
    """Take a user out of the tenant."""
    visit, scope = visit_of(request), tenant_scope(request)
    user_id = str(request.path_params["user"])
    with visit.write(scope) as access:
        member = visit.services.members.get_member(access, user_id)
        visit.services.members.remove_member(access, user_id)
    is_self = user_id == visit.actor.user_id
    url = "/" if is_self else path_to(request, "users", tenant=scope.tenant_id)
    text = _("{name} no longer belongs to {tenant}.")
    return redirect(
        request, url, text=text.format(name=member.user.username, tenant=scope.tenant_id)
    )


def _ask_first(request: Request, heading: str, text: str, button: str) -> Response:
    tenant = tenant_scope(request).tenant_id
    user = _member(request, visit_of(request).actor).user
    crumbs = [
        (_("ION API"), None),
        (_("Users"), path_to(request, "users", tenant=tenant)),
        (user.username, _user_url(request, user.id)),
    ]
    heading = heading.format(name=user.username, tenant=tenant)
    return ask_first(request, heading, [text], button, crumbs=crumbs)


def _member(request: Request, actor: Actor) -> Member:
    services = visit_of(request).services
    with services.database.read() as work:
        return services.members.get_member(
            Access(work, tenant_scope(request), actor), request.path_params["user"]
        )


def _roles() -> list[tuple[str, str]]:
    return [(role.value, role.label) for role in TenantRole]


def _user_url(request: Request, user_id: str) -> str:
    return path_to(request, "user", tenant=tenant_scope(request).tenant_id, user=user_id)


_BASE = "/ion-api/{tenant}/users"
_USER = f"{_BASE}/{{user}}"
ROUTES = [
    Route(_BASE, list_users, name="users"),
    *form_routes(f"{_BASE}/add", add_form, add, name="user_add"),
    Route(_USER, show, name="user"),
    Route(f"{_USER}/roles", set_roles, methods=["POST"], name="user_roles"),
    *form_routes(f"{_USER}/disable", disable_form, disable, name="user_disable"),
    Route(f"{_USER}/enable", enable, methods=["POST"], name="user_enable"),
    *form_routes(f"{_USER}/remove", remove_form, remove, name="user_remove"),
]
