"""Infor side: Authorized Apps, their list and their pages.

Source: docs/reference/credentials.md#where-and-who.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, TooManyRequests
from ionport.core.i18n import _, ngettext
from ionport.core.secrets import Secret
from ionport.oauth.apps.model import AppQuery, AppSort, AppType, AuthorizedApp
from ionport.web.forms.passwords import password_errors, password_proof
from ionport.web.rendering.confirm import Crumbs
from ionport.web.rendering.lists import YES_NO, ListState
from ionport.web.rendering.templating import path_to, render
from ionport.web.rendering.trail import trail_of
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, today_of, visit_of

MANUAL = "create-an-app"


def first_page(request: Request) -> Response:
    """Lead to the list of apps."""
    return RedirectResponse(f"{request.url.path}/authorized-apps", status_code=303)


def list_apps(request: Request) -> Response:
    """Show the tenant's apps, filtered and sorted."""
    state = ListState.of(
        request, sorts=[sort.value for sort in AppSort], filters=("q", "type", "disabled")
    )
    kind = state.filters["type"]
    query = AppQuery(
        text=state.filters["q"],
        type=AppType(kind) if kind in list(AppType) else None,
        is_disabled=YES_NO.get(state.filters["disabled"]),
        sort=AppSort(state.sort),
        descending=state.descending,
        page=state.request,
    )
    with tenant_read(request) as access:
        found = infor_of(request).apps.list_apps(access, query)
    context = {"state": state, "page_of": found, "types": [(one, one) for one in AppType]}
    return render(request, "authorized_apps/apps/list.html", context)


def show(request: Request) -> Response:
    """Show an app, its service accounts and what was done with it."""
    return detail_page(request)


def detail_page(request: Request, secret: Secret | None = None, notice: str = "") -> Response:
    """Show an app's page; `secret` in the clear, once."""
    visit = visit_of(request)
    apps, security = infor_of(request).apps, infor_of(request).app_security
    state = ListState.of(request, sorts=["created"], filters=())
    with tenant_read(request) as access:
        app = apps.get_app(access, request.path_params["app"])
        accounts = infor_of(request).service_accounts.list_of_app(access, app.id, state.request)
        subjects = [app.id, *(account.id for account in accounts.items)]
        context = {
            "app": app,
            "accounts": accounts,
            "state": state,
            "today": today_of(request),
            "secret": secret,
            "notice": notice,
            "old_secrets": [
                one.expires_at
                for one in security.list_secrets(access, app.id)
                if one.expires_at is not None and one.expires_at > visit.services.clock.now()
            ],
            "keys": security.list_bridge_keys(access, app.id),
            "use": apps.app_use(access, app.id),
            "trail": trail_of(request, access.work, subjects),
        }
    return render(request, "authorized_apps/apps/detail.html", context)


def reveal_form(request: Request) -> Response:
    """Ask for the password before the Secret is shown."""
    return app_dialog(request, "authorized_apps/apps/reveal.html", {})


def reveal(request: Request) -> Response:
    """Show the detail page once with the Secret in clear."""
    try:
        proof = password_proof(request)
    except (InvalidInput, TooManyRequests) as error:
        errors = password_errors(error)
        return app_dialog(request, "authorized_apps/apps/reveal.html", errors, error.status)
    with tenant_write(request) as access:
        secret = infor_of(request).apps.reveal_secret(access, request.path_params["app"], proof)
    return detail_page(request, secret, _("Shown once. Reload the page to hide it."))


def app_dialog(
    request: Request,
    template: str,
    errors: Mapping[str, str],
    status: int = 200,
    more: Mapping[str, object] | None = None,
) -> Response:
    """Show a dialog about the app in the path."""
    context = {"app": the_app(request), "errors": errors, **(more or {})}
    return render(request, template, context, status=status)


def app_crumbs(request: Request, app: AuthorizedApp) -> Crumbs:
    """Return the crumbs of a page below the app's."""
    url = path_to(request, "authorized_apps", tenant=tenant_scope(request).tenant_id)
    return [
        (_("ION API"), None),
        (_("Authorized Apps"), url),
        (app.name, app_url(request, app.id)),
    ]


def use_of(request: Request, *, counts_accounts: bool = True) -> list[str]:
    """Return the uses of the app in the path: logins in force, service accounts, consents."""
    with tenant_read(request) as access:
        use = infor_of(request).apps.app_use(access, request.path_params["app"])
    texts = [
        ngettext(
            "{n} login is in force: its tokens stop working at once.",
            "{n} logins are in force: their tokens stop working at once.",
            use.live_grants,
        ).format(n=use.live_grants)
    ]
    if counts_accounts:
        text = ngettext(
            "{n} service account logs in with it.",
            "{n} service accounts log in with it.",
            use.service_accounts,
        )
        texts.append(text.format(n=use.service_accounts))
    if use.consents:
        text = ngettext("{n} person has approved it.", "{n} people have approved it.", use.consents)
        texts.append(text.format(n=use.consents))
    return texts


def the_app(request: Request) -> AuthorizedApp:
    """Return the app in the path; raises NotFound, and Forbidden without the role."""
    with tenant_read(request) as access:
        return infor_of(request).apps.get_app(access, request.path_params["app"])


def app_url(request: Request, app_id: str) -> str:
    """Return the path of an app's page."""
    return path_to(request, "authorized_app", tenant=tenant_scope(request).tenant_id, app=app_id)


_BASE = "/ion-api/{tenant}/authorized-apps"
ROUTES = [
    Route("/ion-api/{tenant}", first_page),
    Route(_BASE, list_apps, name="authorized_apps"),
    Route(f"{_BASE}/{{app}}", show, name="authorized_app"),
    *form_routes(f"{_BASE}/{{app}}/reveal", reveal_form, reveal, name="authorized_app_reveal"),
]
