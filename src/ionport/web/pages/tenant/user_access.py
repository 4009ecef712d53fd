"""Infor side: a user's one-time links, sessions and second factor, for administrators."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, TooManyRequests
from ionport.core.i18n import _, ngettext
from ionport.identity.accounts.model import MadeLink
from ionport.identity.model import User
from ionport.web.forms.fields import errors_of
from ionport.web.forms.passwords import password_errors, password_proof
from ionport.web.rendering.confirm import ask_first, tell_why_not
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.state import tenant_scope, tenant_write, visit_of

MANUAL = "users"


def link_form(request: Request) -> Response:
    """Ask for the administrator's own password, before a link is made."""
    return _link_page(request)


def make_link(request: Request) -> Response:
    """Make a link to set a password, and show it this once."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    try:
        proof = password_proof(request)
        with visit.write(scope) as access:
            made = visit.services.accounts.make_link(access, request.path_params["user"], proof)
    except (InvalidInput, TooManyRequests) as error:
        return _link_page(request, password_errors(error), error.status)
    except Conflict as error:
        return _link_page(request, errors_of(error), error.status)
    return shown_once(request, made)


def shown_once(
    request: Request,
    made: MadeLink,
    text: str = "",
    *,
    template: str = "tenant/user_access/link.html",
) -> Response:
    """Show a link that was just made: it is kept as a digest only."""
    context = {
        "user": made.user,
        "text": text,
        "link": made.address(visit_of(request).services.origin),
        "expires_at": made.expires_at,
    }
    headers = {"Cache-Control": "no-store"}
    return render(request, template, context, headers=headers)


def revoke_links(request: Request) -> Response:
    """End the open links of a user."""
    user_id = str(request.path_params["user"])
    with tenant_write(request) as access:
        visit_of(request).services.accounts.revoke_links(access, user_id)
    return redirect(request, _url(request, user_id), text=_("The link is revoked."))


def end_sessions_form(request: Request) -> Response:
    """Ask before a user is signed out everywhere."""
    user = _user(request)
    heading = _("Sign {name} out everywhere?").format(name=user.username)
    text = _(
        "Every browser in which the user is signed in asks for a sign-in again. Service accounts"
        " and apps are not touched."
    )
    return ask_first(request, heading, [text], _("End all sessions"), crumbs=_crumbs(request, user))


def end_sessions(request: Request) -> Response:
    """Sign a user out everywhere."""
    user_id = str(request.path_params["user"])
    with tenant_write(request) as access:
        count = visit_of(request).services.accounts.end_sessions(access, user_id)
    text = ngettext("{n} session has ended.", "{n} sessions have ended.", count).format(n=count)
    return redirect(request, _url(request, user_id), text=text)


def factor_off_form(request: Request) -> Response:
    """Ask for the administrator's own password, before a second factor is switched off."""
    visit, user = visit_of(request), _user(request)
    with visit.read(tenant_scope(request)) as access:
        is_on = visit.services.accounts.has_second_factor(access, user.id)
    if not is_on:
        heading = _("Switch the second factor of %(name)s off") % {"name": user.username}
        text = _("The second factor is off.")
        return tell_why_not(request, heading, [text], crumbs=_crumbs(request, user))
    return _factor_page(request)


def switch_factor_off(request: Request) -> Response:
    """Switch a user's second factor off."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    user_id = str(request.path_params["user"])
    try:
        proof = password_proof(request)
        with visit.write(scope) as access:
            visit.services.accounts.switch_factor_off(access, user_id, proof)
    except (InvalidInput, TooManyRequests) as error:
        return _factor_page(request, password_errors(error), error.status)
    return redirect(request, _url(request, user_id), text=_("The second factor is off."))


def _factor_page(
    request: Request, errors: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    context = {"user": _user(request), "errors": errors or {}}
    return render(request, "tenant/user_access/factor_off.html", context, status=status)


def _link_page(
    request: Request, errors: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    context = {"user": _user(request), "errors": errors or {}}
    return render(request, "tenant/user_access/make_link.html", context, status=status)


def _user(request: Request) -> User:
    visit = visit_of(request)
    with visit.read(tenant_scope(request)) as access:
        return visit.services.members.require_whole_account(
            access, request.path_params["user"]
        ).user


def _crumbs(request: Request, user: User) -> list[tuple[str, str | None]]:
    tenant = tenant_scope(request).tenant_id
    return [
        (_("ION API"), None),
        (_("Users"), path_to(request, "users", tenant=tenant)),
        (user.username, _url(request, user.id)),
    ]


def _url(request: Request, user_id: str) -> str:
    return path_to(request, "user", tenant=tenant_scope(request).tenant_id, user=user_id)


_USER = "/ion-api/{tenant}/users/{user}"
ROUTES = [
    *form_routes(f"{_USER}/password", link_form, make_link, name="user_password"),
    Route(f"{_USER}/links/revoke", revoke_links, methods=["POST"], name="user_links_revoke"),
    *form_routes(
        f"{_USER}/second-factor/off", factor_off_form, switch_factor_off, name="user_factor_off"
    ),
    *form_routes(
        f"{_USER}/sessions/end", end_sessions_form, end_sessions, name="user_sessions_end"
    ),
]
