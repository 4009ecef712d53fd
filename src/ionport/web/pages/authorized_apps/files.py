"""Infor side: the files of an app: credentials, QR code, environments.

Source: docs/reference/credentials.md#download-credentials, docs/reference/credentials.md#the-file.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, NotFound, TooManyRequests
from ionport.core.i18n import _
from ionport.identity.model import User, username_key
from ionport.oauth.apps.credentials_file import EnvironmentTool
from ionport.store import TenantScope
from ionport.web.forms.fields import is_on, text_of
from ionport.web.forms.passwords import password_errors, password_proof
from ionport.web.forms.scope_choice import scope_choice, scopes_of
from ionport.web.pages.authorized_apps.apps import app_crumbs, app_dialog, app_url, the_app
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.qr import qr_image as qr_svg
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of, sides_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "download-credentials"

_TOOLS = {EnvironmentTool.POSTMAN: "Postman", EnvironmentTool.BRUNO: "Bruno"}


def download_form(request: Request) -> Response:
    """Show the dialog Download Credentials."""
    return _download_dialog(request, {})


def download(request: Request) -> Response:
    """Send the `.ionapi` file; the button Search only looks for users."""
    visit, scope = visit_of(request), tenant_scope(request)
    if text_of(visit.form, "action") == "search":
        return _download_dialog(request, {})
    creates = is_on(visit.form, "create_service_account")
    try:
        user_id = _chosen_user(request, scope) if creates else None
        proof = password_proof(request)
        with visit.write(scope) as access:
            file = infor_of(request).service_accounts.download_credentials(
                access,
                request.path_params["app"],
                proof,
                create_service_account=creates,
                user_id=user_id,
                description=text_of(visit.form, "description") if creates else "",
                scopes=scopes_of(visit.form) if creates else (),
            )
    except (InvalidInput, TooManyRequests) as error:
        return _download_dialog(request, password_errors(error), error.status)
    return attachment(file.content, file.filename)


def _chosen_user(request: Request, scope: TenantScope) -> str | None:
    """Return the user who was chosen, or whose whole name was typed; None when nobody is wanted.

    Raises InvalidInput when it is not said who, or that it is nobody.
    """
    form = visit_of(request).form
    chosen, typed = text_of(form, "user_id"), text_of(form, "user_search")
    if chosen or is_on(form, "without_user"):
        return None if is_on(form, "without_user") else chosen
    if not typed:
        wrong = _("Nobody is chosen. Choose a user, or tick that the account belongs to nobody.")
        raise InvalidInput(wrong, code="no_user", fields={"user_id": wrong})
    key = username_key(typed)
    named = [one for one in _users(request, scope, typed) if username_key(one.username) == key]
    if not named or key is None:
        wrong = _("No user is called {name}. Choose one of those found.").format(name=typed[:100])
        raise InvalidInput(wrong, code="no_user", fields={"user_id": wrong})
    return named[0].id


def search_users(request: Request) -> Response:
    """Answer the user search of the dialog with a fragment."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    users = _users(request, scope, request.query_params.get("user_search", ""))
    return render(request, "shared/found_users.html", {"users": users, "chosen": ""})


def _download_dialog(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    form, app, scope = visit_of(request).form, the_app(request), tenant_scope(request)
    search, chosen = text_of(form, "user_search"), text_of(form, "user_id")
    context = {
        "creates": is_on(form, "create_service_account") if form else True,
        "search": search,
        "users": _users(request, scope, search) if search or chosen else [],
        "chosen": chosen,
        "export_url": path_to(request, "export_choose") if sides_of(request).documents else "",
        "without_user": is_on(form, "without_user"),
        "users_url": path_to(request, "credentials_users", tenant=scope.tenant_id, app=app.id),
        "description": text_of(form, "description"),
        "scopes": "\n".join(scopes_of(form)) if form else "\n".join(app.scopes),
        "scope_choice": scope_choice(request),
    }
    return app_dialog(request, "authorized_apps/files/download.html", errors, status, context)


def _users(request: Request, scope: TenantScope, text: str) -> list[User]:
    visit = visit_of(request)
    with visit.services.database.read() as work:
        return visit.services.identity.search_users(work.within(scope), text)


def replace_form(request: Request) -> Response:
    """Ask before a service account is deleted and made again."""
    return app_dialog(request, "authorized_apps/files/replace.html", {})


def replace(request: Request) -> Response:
    """Delete a service account, make it again and send the new file."""
    try:
        proof = password_proof(request)
        with tenant_write(request) as access:
            file = infor_of(request).service_accounts.replace_account(
                access, request.path_params["account"], proof
            )
    except (InvalidInput, TooManyRequests) as error:
        errors = password_errors(error)
        return app_dialog(request, "authorized_apps/files/replace.html", errors, error.status)
    return attachment(file.content, file.filename)


def delete_account_form(request: Request) -> Response:
    """Ask before a service account is deleted."""
    with tenant_read(request) as access:
        found = infor_of(request).service_accounts.get_account(
            access, request.path_params["account"]
        )
    text = _("Its file and its tokens stop working at once. This cannot be undone.")
    crumbs = app_crumbs(request, the_app(request))
    account, tenant = found.account, tenant_scope(request).tenant_id
    name = account.description or account.user_name or f"{account.access_key[: len(tenant) + 8]}…"
    heading = _("Delete {name}?").format(name=name)
    return ask_first(request, heading, [text], _("Delete"), crumbs=crumbs)


def delete_account(request: Request) -> Response:
    """Delete a service account."""
    with tenant_write(request) as access:
        infor_of(request).service_accounts.delete_account(access, request.path_params["account"])
    text = _("The service account is deleted. Its tokens no longer work.")
    return redirect(request, app_url(request, request.path_params["app"]), text=text)


def qr_page(request: Request) -> Response:
    """Show a mobile app's QR code."""
    _qr_content(request)
    return app_dialog(request, "authorized_apps/files/qr.html", {})


def qr_image(request: Request) -> Response:
    """Send the QR code as an image of its own: the pages take no inline styles."""
    return Response(qr_svg(_qr_content(request)), media_type="image/svg+xml")


def _qr_content(request: Request) -> str:
    with tenant_read(request) as access:
        return infor_of(request).apps.qr_content(access, request.path_params["app"])


def environment_form(request: Request) -> Response:
    """Show the dialog that gives out an environment for an API client."""
    return _environment_dialog(request, {})


def environment(request: Request) -> Response:
    """Send the environment, with the Secret when the password was typed for it."""
    try:
        proof = password_proof(request) if is_on(visit_of(request).form, "with_secret") else None
        with tenant_write(request) as access:
            file = infor_of(request).apps.export_environment(
                access, request.path_params["app"], _tool(request), proof
            )
    except (InvalidInput, TooManyRequests) as error:
        return _environment_dialog(request, password_errors(error), error.status)
    return attachment(file.content, file.filename)


def _environment_dialog(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    context = {
        "tool_name": _TOOLS[_tool(request)],
        # Bruno keeps the values of secrets outside of its files.
        "holds_secrets": _tool(request) is EnvironmentTool.POSTMAN,
        "with_secret": is_on(visit_of(request).form, "with_secret"),
    }
    return app_dialog(request, "authorized_apps/files/environment.html", errors, status, context)


def _tool(request: Request) -> EnvironmentTool:
    name = request.path_params["tool"]
    if name not in list(EnvironmentTool):
        raise NotFound(_("There are environments for Postman and for Bruno."))
    return EnvironmentTool(name)


_APP = "/ion-api/{tenant}/authorized-apps/{app}"
_ACCOUNT = f"{_APP}/service-accounts/{{account}}"
ROUTES = [
    *form_routes(f"{_APP}/download", download_form, download, name="credentials_download"),
    Route(f"{_APP}/users", search_users, name="credentials_users"),
    Route(f"{_APP}/qr", qr_page, name="authorized_app_qr"),
    Route(f"{_APP}/qr.svg", qr_image, name="authorized_app_qr_image"),
    *form_routes(
        f"{_APP}/environments/{{tool}}", environment_form, environment, name="app_environment"
    ),
    *form_routes(f"{_ACCOUNT}/replace", replace_form, replace, name="service_account_replace"),
    *form_routes(
        f"{_ACCOUNT}/delete", delete_account_form, delete_account, name="service_account_delete"
    ),
]
