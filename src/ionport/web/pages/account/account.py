"""Signing in and out, set-up of the first administrator, the user's own password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.core.errors import (
    InvalidInput,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    check_all,
)
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.service import NewUser
from ionport.oauth.accounts.model import ServiceAccount
from ionport.store import SystemScope
from ionport.web.forms.fields import errors_of, secret_of, text_of
from ionport.web.forms.passwords import password_errors, password_proof, typed_twice
from ionport.web.forms.signing_in import sign_in_and_go
from ionport.web.middleware import cookies
from ionport.web.rendering.devices import device_name
from ionport.web.rendering.templating import own_address, path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import sides_of
from ionport.web.state import today_of, visit_of

MANUAL = "account"


def sign_in_form(request: Request) -> Response:
    """Show the form, or go on when somebody is signed in already."""
    if visit_of(request).session is not None:
        return RedirectResponse(own_address(request.query_params.get("next", "")), status_code=303)
    with visit_of(request).services.database.read() as work:
        needs_setup = visit_of(request).services.setup.needs_setup(work)
    return sign_in_page(request, needs_setup=needs_setup)


def sign_in(request: Request) -> Response:
    """Check the password and begin a session."""
    visit = visit_of(request)
    username = text_of(visit.form, "username")
    try:
        url = own_address(text_of(visit.form, "next"))
        return sign_in_and_go(request, url, username, secret_of(visit.form, "password"))
    except (Unauthenticated, TooManyRequests, Unavailable) as error:
        headers = {}
        if isinstance(error, TooManyRequests):
            headers["Retry-After"] = str(error.retry_after)
        return sign_in_page(
            request, username=username, error=error.text, status=error.status, headers=headers
        )


def sign_in_page(
    request: Request,
    *,
    username: str = "",
    error: str = "",
    needs_setup: bool = False,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """Show the form, with what went wrong."""
    form, openid = visit_of(request).form, visit_of(request).services.openid
    context = {
        "username": username,
        "error": error,
        "needs_setup": needs_setup,
        "provider": openid.name if openid is not None else "",
        "next": text_of(form, "next") or request.query_params.get("next", ""),
    }
    return render(request, "account/account/sign_in.html", context, status=status, headers=headers)


def sign_out(request: Request) -> Response:
    """End the session, and the one at the OpenID Connect provider that began it."""
    visit = visit_of(request)
    openid, session = visit.services.openid, visit.session
    names = cookies.names(request, secure=visit.secure_cookies)
    with visit.services.database.write() as work:
        visit.services.sessions.sign_out(work, Secret(request.cookies.get(names.session, "")))
    is_theirs = session is not None and session.way is not None and session.way.is_by_provider
    url = "/sign-in"
    if openid is not None and is_theirs and openid.sign_out_url():
        url = path_to(request, "openid_out")
    response = redirect(request, url, kind="info", text=_("You are signed out."))
    response.headers.append("Set-Cookie", cookies.ended(names.session, visit.secure_cookies))
    return response


def set_up_form(request: Request) -> Response:
    """Show the form of the one-time link."""
    services = visit_of(request).services
    with services.database.read() as work:
        services.setup.check_setup_link(work, Secret(request.path_params["token"]))
    return render(request, "account/account/set_up.html", {"values": {}, "errors": {}})


def set_up(request: Request) -> Response:
    """Make the first administrator and sign them in."""
    visit = visit_of(request)
    services = visit.services
    token = Secret(request.path_params["token"])
    values = {name: text_of(visit.form, name) for name in ("username", "full_name", "email")}
    new, password = NewUser(**values), secret_of(visit.form, "password")
    with services.database.read() as work:
        services.setup.check_setup_link(work, token)
    try:
        check_all(
            lambda: services.identity.check_new_user(new), lambda: typed_twice(request, "password")
        )
        password_hash = services.identity.hash_password(password)
        with services.database.write() as work:
            services.setup.consume_setup_link(work, token, new, password_hash)
    except InvalidInput as error:
        context = {"values": values, "errors": errors_of(error)}
        return render(request, "account/account/set_up.html", context, status=error.status)
    return sign_in_and_go(request, "/", values["username"], password)


def account_page(request: Request) -> Response:
    """Show the user's own account."""
    return _account(request, {})


def _account(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    visit = visit_of(request)
    with visit.services.database.read() as work:
        sessions = visit.services.sessions.list_sessions(work, visit.signed_in.user.id)
        factor = visit.services.factors.status(work, visit.signed_in.user.id)
    infor = sides_of(request).infor
    accounts: Sequence[ServiceAccount] = ()
    if infor is not None:
        # The accounts of a person are in every tenant that the person belongs to.
        with visit.read(SystemScope("the service accounts that act as a person")) as access:
            accounts = infor.service_accounts.list_of_user(access)
    context = {
        "errors": errors,
        "accounts": accounts,
        "today": today_of(request),
        "sessions": [(one, device_name(one.device)) for one in sessions],
        "own": visit.signed_in.digest,
        "factor": factor,
        "factor_required": visit.services.factors.is_required_of(visit.actor),
        "signs_on_to_apps": sides_of(request).infor is not None,
    }
    return render(request, "account/account/account.html", context, status=status)


def change_password(request: Request) -> Response:
    """Set a new password after checking the present one."""
    visit = visit_of(request)
    services = visit.services
    try:
        new = typed_twice(request, "new_password")
        proof = password_proof(request)
        password_hash = services.identity.hash_password(new)
        with services.database.write() as work:
            services.sessions.change_password(work, visit.signed_in, proof, password_hash)
    except (InvalidInput, TooManyRequests) as error:
        return _account(request, password_errors(error), error.status)
    text = _("Your password is changed. Other browsers are signed out.")
    return redirect(request, "/account", text=text)


ROUTES = [
    *form_routes("/sign-in", sign_in_form, sign_in, name="sign_in"),
    Route("/sign-out", sign_out, methods=["POST"], name="sign_out"),
    *form_routes("/set-up/{token}", set_up_form, set_up, name="set_up"),
    *form_routes("/account", account_page, change_password, name="account"),
]
