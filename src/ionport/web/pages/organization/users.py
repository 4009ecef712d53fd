"""People of the organization, for its administrators: who belongs to it, and their rights."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, TooManyRequests
from ionport.core.i18n import _
from ionport.identity.accounts.model import MadeLink
from ionport.identity.edits import ChangedMeanwhile
from ionport.identity.model import OrganizationRole
from ionport.identity.service import NewUser
from ionport.web.forms.declared import FieldKind, Form, FormField
from ionport.web.forms.edits import show_stored
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.forms.passwords import password_errors, password_proof
from ionport.web.forms.rights import (
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
from ionport.web.rendering.trail import organization_trail
from ionport.web.routes import form_routes
from ionport.web.services import sides_of
from ionport.web.state import organization_read, organization_scope, visit_of

MANUAL = "groups"


def list_users(request: Request) -> Response:
    """Show everybody of the organization and of the tenants that the reader administers."""
    visit, scope = visit_of(request), organization_scope(request)
    state = ListState.of(request, sorts=["username"])
    tenants = administered_tenants(request)
    with visit.read(scope) as access:
        found = visit.services.rights.list_people(
            access, tenants, state.filters["q"], state.request
        )
    context = {"state": state, "page_of": found, "tenants": tenants}
    return render(request, "organization/users/list.html", context)


def administered_tenants(request: Request) -> list[str]:
    """Return the tenants of this server whose users the person administers too."""
    visit = visit_of(request)
    if sides_of(request).infor is None:
        return []
    return [one for one in visit.tenants if visit.actor.is_tenant_administrator(one)]


def add_form(request: Request) -> Response:
    """Show the empty form of a new user of the organization."""
    return _add_page(request, {"role": OrganizationRole.USER.value}, {})


def add(request: Request) -> Response:
    """Make a user of the organization, and show once the link that lets them choose a password."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    form = _new_user_form()
    values = form.sent(visit.form)
    services = visit.services
    try:
        form.check(values)
        new = NewUser(values["username"], values["full_name"], values["email"])
        nothing, groups = services.identity.hash_of_nothing(), _chosen_groups(request)
        with visit.write(scope) as access:
            role = OrganizationRole(values["role"])
            added = services.rights.add_colleague(access, new, nothing, role, groups)
            services.rights.set_of_person(access, added.user.id, wanted_elsewhere(request))
            # Last: a link is good for the rights that the account has when it is made.
            link = services.accounts.invite_colleague(access, added.user.id)
    except InvalidInput as error:
        return _add_page(request, values, errors_of(error), error.status)
    text = _("{name} is added, and can sign in once a password is chosen.")
    return _shown_once(request, link, text.format(name=link.user.username))


def link_form(request: Request) -> Response:
    """Ask for the administrator's own password, before a link is made."""
    return _link_page(request, {})


def make_link(request: Request) -> Response:
    """Make a link to set a password, and show it this once."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    user_id = str(request.path_params["user"])
    try:
        proof = password_proof(request)
        with visit.write(scope) as access:
            visit.services.rights.get_colleague(access, user_id)
            made = visit.services.accounts.make_colleague_link(access, user_id, proof)
    except (InvalidInput, TooManyRequests) as error:
        return _link_page(request, password_errors(error), error.status)
    except Conflict as error:
        return _link_page(request, errors_of(error), error.status)
    return _shown_once(request, made)


def _link_page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    with visit.read(scope) as access:
        found = visit.services.rights.get_colleague(access, str(request.path_params["user"]))
        is_here_alone = visit.services.accounts.belongs_here_alone(access, found.user.id)
    context = {"user": found.user, "belongs_here_alone": is_here_alone, "errors": errors}
    return render(request, "organization/users/make_link.html", context, status=status)


def _shown_once(request: Request, made: MadeLink, text: str = "") -> Response:
    return shown_once(request, made, text, template="organization/users/link.html")


def _add_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    with organization_read(request) as access:
        access.require_organization_administrator()
        groups = visit_of(request).services.groups.list(access)
    context = {
        "form": _new_user_form(),
        "values": values,
        "errors": errors,
        "groups": groups,
        "chosen": _chosen_groups(request),
        "role_fields": fields_elsewhere(request, administered_tenants(request)),
    }
    return render(request, "organization/users/add.html", context, status=status)


def _chosen_groups(request: Request) -> frozenset[str]:
    sent = visit_of(request).form.getlist("group")
    return frozenset(one for one in sent if isinstance(one, str))


def _new_user_form() -> Form:
    return Form(
        [
            *person_fields(),
            FormField(
                "role",
                _("Role in the organization"),
                FieldKind.CHOICE,
                required=True,
                choices=[(role.value, role.label) for role in OrganizationRole],
            ),
        ]
    )


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
            "belongs_here_alone": visit.services.accounts.belongs_here_alone(access, user_id),
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
            told = save_rights(request, access, user_id)
    except (ChangedMeanwhile, Conflict, InvalidInput) as error:
        return _page(request, errors_of(error), error.status)
    sent = text_of(visit.form, f"organization:{scope.organization_id}")
    stays = user_id != visit.actor.user_id or sent != OrganizationRole.USER.value
    url = path_to(request, "colleague", user=user_id) if stays else "/"
    return redirect(request, url, text=told)


def remove_form(request: Request) -> Response:
    """Ask before a person leaves the organization."""
    with organization_read(request) as access:
        found = visit_of(request).services.rights.get_colleague(
            access, str(request.path_params["user"])
        )
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
    Route(_BASE, list_users, name="colleagues"),
    *form_routes(f"{_BASE}/add", add_form, add, name="colleague_add"),
    Route(f"{_BASE}/{{user}}", show, name="colleague"),
    Route(f"{_BASE}/{{user}}/rights", set_rights, methods=["POST"], name="colleague_rights"),
    *form_routes(f"{_BASE}/{{user}}/password", link_form, make_link, name="colleague_password"),
    *form_routes(f"{_BASE}/{{user}}/remove", remove_form, remove, name="colleague_remove"),
]
