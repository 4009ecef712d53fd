"""Infor side: the tenant's service accounts across its apps.

Source: docs/reference/credentials.md#download-credentials.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, NotFound, TooManyRequests
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.identity.edits import ChangedMeanwhile
from ionport.identity.model import User
from ionport.oauth.accounts.model import AccountQuery, AccountSort, ListedAccount
from ionport.oauth.accounts.service import AccountDraft
from ionport.oauth.apps.model import AppQuery, AuthorizedApp, GrantType
from ionport.oauth.tenant.scopes import parse_scopes
from ionport.store import TenantScope
from ionport.web.forms.declared import FieldKind, Form, FormField, Slot
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.forms.passwords import password_errors, password_proof
from ionport.web.forms.scope_choice import scope_choice
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import YES_NO, ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import trail_of
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, today_of, visit_of

MANUAL = "service-accounts"


def list_accounts(request: Request) -> Response:
    """Show the tenant's service accounts, filtered and sorted."""
    state = ListState.of(
        request,
        sorts=[sort.value for sort in AccountSort],
        filters=("q", "disabled", "user"),
        default_descending=True,
    )
    query = AccountQuery(
        text=state.filters["q"],
        is_disabled=YES_NO.get(state.filters["disabled"]),
        has_user=YES_NO.get(state.filters["user"]),
        sort=AccountSort(state.sort),
        descending=state.descending,
        page=state.request,
    )
    with tenant_read(request) as access:
        found = infor_of(request).service_accounts.list_accounts(access, query)
    context = {"state": state, "page_of": found, "today": today_of(request)}
    return render(request, "tenant/service_accounts/list.html", context)


def add_form(request: Request) -> Response:
    """Show the empty form of a new service account."""
    return _add_page(request, {}, {})


def add(request: Request) -> Response:
    """Make a service account and send its keys, once."""
    visit, scope = visit_of(request), tenant_scope(request)
    values = _new_form(request).sent(visit.form)
    if text_of(visit.form, "action") == "search":
        return _add_page(request, values, {})
    try:
        if not values["app"]:
            text = _("Choose the app that logs in with this account.")
            raise InvalidInput(text, fields={"app": text})
        proof = password_proof(request)
        with visit.write(scope) as access:
            file = infor_of(request).service_accounts.add_account(
                access, values["app"], _draft(values), proof
            )
    except (InvalidInput, TooManyRequests) as error:
        return _add_page(request, values, password_errors(error), error.status)
    except (Conflict, NotFound) as error:
        return _add_page(request, values, {"app": error.text}, error.status)
    return attachment(file.content, file.filename)


def _add_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    # An app whose grant type has been changed meanwhile takes no account.
    errors = {"app" if name == "create_service_account" else name: errors[name] for name in errors}
    context = {"form": _new_form(request), **_values_context(request, values), "errors": errors}
    return render(request, "tenant/service_accounts/add.html", context, status=status)


def _new_form(request: Request) -> Form:
    query = AppQuery(page=PageRequest(per_page=MAX_PER_PAGE))
    with tenant_read(request) as access:
        apps = infor_of(request).apps.list_apps(access, query).items
    app = FormField(
        "app", _("Authorized App"), FieldKind.CHOICE, required=True, empty=_("Choose an app"),
        choices=[(app.id, app.name) for app in apps if _logs_in(app)],
        help=_(
            "Only this app can log in with the account. Apps with Grant Type Password Credentials"
            " are listed."
        ),
    )  # fmt: skip
    scopes_help = _("They count only where scopes are enforced, and the app needs them too.")
    password = Slot("password", [FormField("password", "", FieldKind.PASSWORD)])
    return Form([app, *_form(request, scopes_help).parts, password])


def _form(request: Request, scopes_help: str) -> Form:
    """Return the fields that can be changed later."""
    offered = scope_choice(request).offered
    return Form(
        [
            FormField("description", _("Description"), limit=200),
            Slot("user", [FormField("user_search", ""), FormField("user_id", "")]),
            FormField("scopes", _("Scopes"), FieldKind.SCOPES, choices=offered, help=scopes_help),
            FormField(
                "ends_on",
                _("Ends on"),
                FieldKind.DATE,
                help=_(
                    "The last day on which it logs in, in UTC; empty for no end. Tokens from before"
                    " count until they expire."
                ),
            ),
        ]
    )


def _logs_in(app: AuthorizedApp) -> bool:
    return app.grant_type is GrantType.PASSWORD_CREDENTIALS


def show(request: Request) -> Response:
    """Show an account with the form to change it."""
    values = _stored(_account(request))
    show_stored(request, values)
    return _detail_page(request, values, {})


def _stored(listed: ListedAccount) -> dict[str, str]:
    account = listed.account
    return {
        "description": account.description,
        "user_id": account.user_id or "",
        "scopes": "\n".join(account.scopes),
        "ends_on": account.ends_on or "",
    }


def change(request: Request) -> Response:
    """Change an account's description, user, scopes and end."""
    visit, scope = visit_of(request), tenant_scope(request)
    values = _form(request, "").sent(visit.form)
    if text_of(visit.form, "action") == "search":
        return _detail_page(request, values, {})
    try:
        with visit.write(scope) as access:
            accounts, account_id = infor_of(request).service_accounts, _account_id(request)
            require_unchanged(
                request,
                access,
                account_id,
                lambda: _stored(accounts.get_account(access, account_id)),
            )
            account = accounts.change_account(access, account_id, _draft(values))
    except (InvalidInput, ChangedMeanwhile) as error:
        return _detail_page(request, values, errors_of(error), error.status)
    text = _("The service account is saved.")
    return redirect(request, _account_url(request, account.id), text=text)


def _detail_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    visit, listed = visit_of(request), _account(request)
    with visit.services.database.read() as work:
        trail = trail_of(request, work, [listed.account.id])
    context = {
        "listed": listed,
        "account": listed.account,
        "trail": trail,
        "today": today_of(request),
        "form": _form(
            request,
            _("They count only where scopes are enforced.")
            + " "
            + _("Clients need a new token after a change."),
        ),
        **_values_context(request, values),
        "errors": errors,
    }
    return render(request, "tenant/service_accounts/detail.html", context, status=status)


def _values_context(request: Request, values: Mapping[str, str]) -> dict[str, object]:
    scope = tenant_scope(request)
    search, chosen = values.get("user_search", ""), values.get("user_id", "")
    users = _users(request, scope, search) if search or chosen else []
    if chosen and chosen not in {user.id for user in users}:
        users = [*_linked_user(request, scope, chosen), *users]
    return {
        "values": values,
        "search": search,
        "chosen": chosen,
        "users": users,
        "users_url": path_to(request, "service_account_users", tenant=scope.tenant_id),
    }


def _linked_user(request: Request, scope: TenantScope, user_id: str) -> list[User]:
    visit = visit_of(request)
    try:
        with visit.read(scope) as access:
            return [visit.services.identity.get_user(access, user_id)]
    except NotFound:
        return []


def _draft(values: Mapping[str, str]) -> AccountDraft:
    return AccountDraft(
        description=values["description"],
        user_id=values["user_id"] or None,
        scopes=parse_scopes(values["scopes"]),
        ends_on=values["ends_on"] or None,
    )


def search_users(request: Request) -> Response:
    """Answer the user search of the forms with a fragment."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    users = _users(request, scope, request.query_params.get("user_search", ""))
    return render(request, "shared/found_users.html", {"users": users, "chosen": ""})


def _users(request: Request, scope: TenantScope, text: str) -> list[User]:
    visit = visit_of(request)
    if not text:
        return []
    with visit.read(scope) as access:
        return visit.services.identity.search_users(access, text)


def disable_form(request: Request) -> Response:
    """Ask before an account is closed."""
    listed, tenant = _account(request), tenant_scope(request).tenant_id
    # The key in full stands on the account's page; its beginning tells which one it is.
    key = f"{listed.account.access_key[: len(tenant) + 8]}…"
    text = _(
        "{app} can no longer log in with {key}, and the tokens it got with it stop working at once."
        " You can enable the account again; clients then log in anew."
    ).format(app=listed.app_name, key=key)
    crumbs = [
        (_("ION API"), None),
        (_("Service Accounts"), path_to(request, "service_accounts", tenant=tenant)),
        (key, _account_url(request, listed.account.id)),
    ]
    return ask_first(
        request, _("Disable the service account?"), [text], _("Disable"), crumbs=crumbs
    )


def disable(request: Request) -> Response:
    """Close an account to logins."""
    text = _("The service account is disabled. It cannot log in, and its tokens have ended.")
    return _set_disabled(request, True, text)


def enable(request: Request) -> Response:
    """Open an account to logins again."""
    return _set_disabled(request, False, _("The service account is enabled again."))


def _set_disabled(request: Request, disabled: bool, text: str) -> Response:
    account_id = str(request.path_params["account"])
    with tenant_write(request) as access:
        infor_of(request).service_accounts.set_account_disabled(access, account_id, disabled)
    return redirect(request, _account_url(request, account_id), text=text)


def _account(request: Request) -> ListedAccount:
    with tenant_read(request) as access:
        return infor_of(request).service_accounts.get_account(access, _account_id(request))


def _account_id(request: Request) -> str:
    account_id: str = request.path_params["account"]
    return account_id


def _account_url(request: Request, account_id: str) -> str:
    tenant = tenant_scope(request).tenant_id
    return path_to(request, "service_account", tenant=tenant, account=account_id)


_BASE = "/ion-api/{tenant}/service-accounts"
_ACCOUNT = f"{_BASE}/{{account}}"
ROUTES = [
    Route(_BASE, list_accounts, name="service_accounts"),
    *form_routes(f"{_BASE}/add", add_form, add, name="service_account_add"),
    Route(f"{_BASE}/users", search_users, name="service_account_users"),
    *form_routes(_ACCOUNT, show, change, name="service_account"),
    *form_routes(f"{_ACCOUNT}/disable", disable_form, disable, name="service_account_disable"),
    Route(f"{_ACCOUNT}/enable", enable, methods=["POST"], name="service_account_enable"),
]
