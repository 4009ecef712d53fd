"""Infor side: an access token at once, the report on a pasted one, ready requests."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput, TooManyRequests
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.oauth.apps.model import GrantType
from ionport.oauth.tokens.tools import TokenReport
from ionport.store import TenantScope
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.forms.passwords import password_proof
from ionport.web.forms.service_accounts import offered_accounts
from ionport.web.rendering.templating import render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_write, visit_of

MANUAL = "token-endpoint"

_MAX_PASTED = 20_000


def show(request: Request) -> Response:
    """Show the forms that get and check a token, and the requests of this app."""
    return _page(request)


def issue(request: Request) -> Response:
    """Get an access token for the app, without its secrets, and show it once."""
    tools = infor_of(request).token_tools
    app_id, account = request.path_params["app"], text_of(visit_of(request).form, "account")
    try:
        proof = password_proof(request)
        with tenant_read(request) as access:
            login = tools.login_of(access, app_id, _account_id(request, access, account))
        signed = tools.sign_token(login)
        with tenant_write(request) as access:
            answer = tools.store_token(access, signed, proof)
    except (InvalidInput, TooManyRequests, Conflict) as error:
        errors = errors_of(error) if isinstance(error, InvalidInput) else {"": error.text}
        return _page(request, account=account, errors=errors, status=error.status)
    token = answer.access_token.reveal()
    with tenant_read(request) as access:
        report = tools.inspect(access, token)
    return _page(request, report, token=token)


def _account_id(request: Request, access: Access[TenantScope], name: str) -> str:
    """Return the id of the app's account that is named so; empty where none is named."""
    if not name:
        return ""
    accounts = infor_of(request).service_accounts
    return accounts.find_account(access, name, request.path_params["app"]).account.id


def inspect(request: Request) -> Response:
    """Show the report on the pasted token; it is neither stored nor shown again."""
    pasted = text_of(visit_of(request).form, "token")
    try:
        if not pasted or len(pasted) > _MAX_PASTED:
            text = _("Paste one access token.")
            raise InvalidInput(text, fields={"token": text})
        with tenant_read(request) as access:
            report = infor_of(request).token_tools.inspect(access, pasted)
    except InvalidInput as error:
        errors = {"token": error.fields.get("token", error.text)}
        return _page(request, errors=errors, status=error.status)
    return _page(request, report)


def _page(
    request: Request,
    report: TokenReport | None = None,
    *,
    token: str = "",
    account: str = "",
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    infor, accounts = infor_of(request), None
    with tenant_read(request) as access:
        app = infor.apps.get_app(access, request.path_params["app"])
        if app.grant_type is GrantType.PASSWORD_CREDENTIALS and not app.type.has_users:
            accounts = offered_accounts(request, access, app.id)
    context = {
        "app": app,
        "errors": errors or {},
        "report": report,
        "token": token,
        "accounts": accounts,
        "account": account,
        "needs_account": app.grant_type is GrantType.PASSWORD_CREDENTIALS,
        "snippets": None if app.type.has_users else infor.token_tools.snippets(app),
        "is_other_client": bool(
            report and report.claims and report.claims.get("client_id") != app.client_id
        ),
    }
    return render(request, "authorized_apps/token_tools.html", context, status=status)


_TOOLS = "/ion-api/{tenant}/authorized-apps/{app}/token-tools"
ROUTES = [
    *form_routes(_TOOLS, show, inspect, name="token_tools"),
    *form_routes(f"{_TOOLS}/token", show, issue, name="token_issue"),
]
