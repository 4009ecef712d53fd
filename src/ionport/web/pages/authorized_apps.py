"""Infor side: Authorized Apps and their credentials (facts/ion-api.md §1)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, TooManyRequests
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.model import PasswordProof, User
from ionport.oauth.drafts import AppDraft
from ionport.oauth.model import BACKEND_GRANT_TYPES, AppQuery, AppSort, AuthorizedApp, GrantType
from ionport.store import TenantScope
from ionport.web.downloads import attachment
from ionport.web.forms import errors_of, is_on, secret_of, text_of, whole_number
from ionport.web.lists import ListState
from ionport.web.state import needed, tenant_scope, visit_of
from ionport.web.templating import path_to, redirect, render

_UNITS = {"minutes": 60, "hours": 3_600, "days": 86_400}
_NO_NUMBER = -1
_DEFAULTS = {
    "type": "Backend Service",
    "grant_type": GrantType.PASSWORD_CREDENTIALS.value,
    "access_token": "2",
    "access_token_unit": "hours",
    "refresh_token": "0",
    "refresh_token_unit": "hours",
}


def first_page(request: Request) -> Response:
    """Lead to the list of apps."""
    return RedirectResponse(f"{request.url.path}/authorized-apps", status_code=303)


def list_apps(request: Request) -> Response:
    """Show the tenant's apps, filtered and sorted."""
    visit, scope = visit_of(request), tenant_scope(request)
    state = ListState.of(request, sorts=[sort.value for sort in AppSort])
    query = AppQuery(
        text=state.filters["q"],
        sort=AppSort(state.sort),
        descending=state.descending,
        page=state.request,
    )
    with visit.services.database.read() as work:
        found = needed(visit.services.apps).list_apps(work, scope, visit.actor, query)
    return render(request, "authorized_apps/list.html", {"state": state, "page_of": found})


def add_form(request: Request) -> Response:
    """Show the empty form of a new app."""
    visit_of(request).actor.require_tenant_administrator(tenant_scope(request).tenant_id)
    return _form_page(request, _DEFAULTS, {})


def add(request: Request) -> Response:
    """Make an app and show it with its generated Client ID and Secret."""
    visit, scope = visit_of(request), tenant_scope(request)
    try:
        with visit.services.database.write() as work:
            app = needed(visit.services.apps).create_app(
                work, scope, visit.actor, _draft(visit.form)
            )
    except InvalidInput as error:
        return _form_page(request, _values(visit.form), errors_of(error), status=error.status)
    except Conflict as error:
        return _form_page(
            request,
            _values(visit.form),
            {"name": error.text},
            existing_id=error.existing_id,
            status=error.status,
        )
    text = _("{name} is saved, with a Client ID and a Secret. Download its credentials next.")
    return redirect(request, _app_url(request, app.id), text=text.format(name=app.name))


def _form_page(
    request: Request,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    existing_id: str | None = None,
    status: int = 200,
) -> Response:
    context = {
        "values": values,
        "errors": errors,
        "existing_url": _app_url(request, existing_id) if existing_id else "",
        "grant_types": [(grant.value, grant.value) for grant in BACKEND_GRANT_TYPES],
        "units": [("minutes", _("Minutes")), ("hours", _("Hours")), ("days", _("Days"))],
    }
    return render(request, "authorized_apps/add.html", context, status=status)


def _draft(form: FormData) -> AppDraft:
    issues = is_on(form, "issue_refresh_tokens")
    grant = text_of(form, "grant_type")
    return AppDraft(
        name=_exact(form, "name"),
        grant_type=GrantType(grant) if grant in list(GrantType) else GrantType.PASSWORD_CREDENTIALS,
        description=_exact(form, "description"),
        access_token_seconds=_seconds(form, "access_token"),
        issue_refresh_tokens=issues,
        refresh_token_seconds=_seconds(form, "refresh_token") if issues else 0,
    )


def _seconds(form: FormData, name: str) -> int:
    number = whole_number(form, name)
    unit = _UNITS.get(text_of(form, f"{name}_unit"))
    return _NO_NUMBER if number is None or unit is None else number * unit


def _values(form: FormData) -> dict[str, str]:
    names = ("grant_type", "access_token", "access_token_unit")
    values = {name: text_of(form, name) for name in (*names, "issue_refresh_tokens")}
    for name in ("refresh_token", "refresh_token_unit"):
        values[name] = text_of(form, name) or _DEFAULTS[name]
    return {**values, "name": _exact(form, "name"), "description": _exact(form, "description")}


def _exact(form: FormData, name: str) -> str:
    """Return a text as it was typed: a name is kept exactly."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def show(request: Request) -> Response:
    """Show an app and its service accounts."""
    return _detail_page(request)


def _detail_page(request: Request, secret: Secret | None = None) -> Response:
    visit, scope = visit_of(request), tenant_scope(request)
    service = needed(visit.services.apps)
    state = ListState.of(request, sorts=["created"], filters=())
    with visit.services.database.read() as work:
        app = service.get_app(work, scope, visit.actor, request.path_params["app"])
        accounts = service.list_service_accounts(work, scope, visit.actor, app.id, state.request)
    context = {"app": app, "accounts": accounts, "state": state, "secret": secret}
    return render(request, "authorized_apps/detail.html", context)


def reveal_form(request: Request) -> Response:
    """Ask for the password before the Secret is shown."""
    return _dialog(request, "authorized_apps/reveal.html", {})


def reveal(request: Request) -> Response:
    """Show the detail page once with the Secret in clear."""
    visit, scope = visit_of(request), tenant_scope(request)
    try:
        proof = _proof(request)
    except (InvalidInput, TooManyRequests) as error:
        return _dialog(
            request, "authorized_apps/reveal.html", _password_errors(error), error.status
        )
    with visit.services.database.write() as work:
        secret = needed(visit.services.apps).reveal_secret(
            work, scope, visit.actor, request.path_params["app"], proof
        )
    return _detail_page(request, secret)


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
        proof = _proof(request)
        with visit.services.database.write() as work:
            file = needed(visit.services.apps).download_credentials(
                work,
                scope,
                visit.actor,
                request.path_params["app"],
                proof,
                create_service_account=creates,
                user_id=(text_of(visit.form, "user_id") or None) if creates else None,
            )
    except (InvalidInput, TooManyRequests) as error:
        return _download_dialog(request, _password_errors(error), error.status)
    return attachment(file.content, file.filename)


def search_users(request: Request) -> Response:
    """Answer the user search of the dialog with a fragment."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    users = _users(request, scope, request.query_params.get("user_search", ""))
    return render(request, "authorized_apps/users.html", {"users": users, "chosen": ""})


def _download_dialog(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    form = visit_of(request).form
    search = text_of(form, "user_search")
    chosen = text_of(form, "user_id")
    users = _users(request, tenant_scope(request), search) if search or chosen else []
    context = {
        "creates": is_on(form, "create_service_account") if form else True,
        "search": search,
        "users": users,
        "chosen": chosen,
    }
    return _dialog(request, "authorized_apps/download.html", errors, status, context)


def _users(request: Request, scope: TenantScope, text: str) -> list[User]:
    visit = visit_of(request)
    with visit.services.database.read() as work:
        return visit.services.identity.search_users(work, scope, text)


def replace_form(request: Request) -> Response:
    """Ask before a service account is deleted and made again."""
    return _dialog(request, "authorized_apps/replace.html", {})


def replace(request: Request) -> Response:
    """Delete a service account, make it again and send the new file."""
    visit, scope = visit_of(request), tenant_scope(request)
    try:
        proof = _proof(request)
        with visit.services.database.write() as work:
            file = needed(visit.services.apps).replace_service_account(
                work, scope, visit.actor, request.path_params["account"], proof
            )
    except (InvalidInput, TooManyRequests) as error:
        errors = _password_errors(error)
        return _dialog(request, "authorized_apps/replace.html", errors, error.status)
    return attachment(file.content, file.filename)


def delete_account_form(request: Request) -> Response:
    """Ask before a service account is deleted."""
    return _dialog(request, "authorized_apps/delete_account.html", {})


def delete_account(request: Request) -> Response:
    """Delete a service account."""
    visit, scope = visit_of(request), tenant_scope(request)
    with visit.services.database.write() as work:
        needed(visit.services.apps).delete_service_account(
            work, scope, visit.actor, request.path_params["account"]
        )
    text = _("The service account is deleted. Its tokens no longer work.")
    return redirect(request, _app_url(request, request.path_params["app"]), text=text)


def delete_form(request: Request) -> Response:
    """Ask before an app is deleted."""
    return _dialog(request, "authorized_apps/delete.html", {})


def delete(request: Request) -> Response:
    """Delete an app."""
    visit, scope = visit_of(request), tenant_scope(request)
    service = needed(visit.services.apps)
    with visit.services.database.write() as work:
        app = service.get_app(work, scope, visit.actor, request.path_params["app"])
        service.delete_app(work, scope, visit.actor, app.id)
    url = path_to(request, "authorized_apps", tenant=scope.tenant_id)
    return redirect(request, url, text=_("{name} is deleted.").format(name=app.name))


def _dialog(
    request: Request,
    template: str,
    errors: Mapping[str, str],
    status: int = 200,
    more: Mapping[str, object] | None = None,
) -> Response:
    context = {"app": _app(request), "errors": errors, **(more or {})}
    return render(request, template, context, status=status)


def _app(request: Request) -> AuthorizedApp:
    visit, scope = visit_of(request), tenant_scope(request)
    with visit.services.database.read() as work:
        return needed(visit.services.apps).get_app(
            work, scope, visit.actor, request.path_params["app"]
        )


def _proof(request: Request) -> PasswordProof:
    visit = visit_of(request)
    return visit.services.sessions.verify_password(
        visit.services.database, visit.actor, secret_of(visit.form, "password")
    )


def _password_errors(error: InvalidInput | TooManyRequests) -> Mapping[str, str]:
    return errors_of(error) if isinstance(error, InvalidInput) else {"": error.text}


def _app_url(request: Request, app_id: str) -> str:
    return path_to(request, "authorized_app", tenant=tenant_scope(request).tenant_id, app=app_id)


_BASE = "/ion-api/{tenant}/authorized-apps"
_ACCOUNT = f"{_BASE}/{{app}}/service-accounts/{{account}}"
ROUTES = [
    Route("/ion-api/{tenant}", first_page),
    Route(_BASE, list_apps, name="authorized_apps"),
    Route(f"{_BASE}/add", add_form, methods=["GET"], name="authorized_app_add"),
    Route(f"{_BASE}/add", add, methods=["POST"]),
    Route(f"{_BASE}/{{app}}", show, name="authorized_app"),
    Route(f"{_BASE}/{{app}}/reveal", reveal_form, methods=["GET"], name="authorized_app_reveal"),
    Route(f"{_BASE}/{{app}}/reveal", reveal, methods=["POST"]),
    Route(f"{_BASE}/{{app}}/download", download_form, methods=["GET"], name="credentials_download"),
    Route(f"{_BASE}/{{app}}/download", download, methods=["POST"]),
    Route(f"{_BASE}/{{app}}/users", search_users, name="credentials_users"),
    Route(f"{_BASE}/{{app}}/delete", delete_form, methods=["GET"], name="authorized_app_delete"),
    Route(f"{_BASE}/{{app}}/delete", delete, methods=["POST"]),
    Route(f"{_ACCOUNT}/replace", replace_form, methods=["GET"], name="service_account_replace"),
    Route(f"{_ACCOUNT}/replace", replace, methods=["POST"]),
    Route(
        f"{_ACCOUNT}/delete", delete_account_form, methods=["GET"], name="service_account_delete"
    ),
    Route(f"{_ACCOUNT}/delete", delete_account, methods=["POST"]),
]
