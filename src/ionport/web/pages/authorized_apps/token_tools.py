"""Infor side: what a pasted token says and why it is refused; requests ready to run."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.oauth.tokens.tools import TokenReport
from ionport.web.forms.fields import text_of
from ionport.web.pages.authorized_apps.apps import app_dialog, the_app
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, visit_of

MANUAL = "token-endpoint"

_MAX_PASTED = 20_000


def show(request: Request) -> Response:
    """Show the box for a token, and the requests of this app."""
    return _page(request, None)


def inspect(request: Request) -> Response:
    """Say what the pasted token is; it is neither stored nor shown again."""
    pasted = text_of(visit_of(request).form, "token")
    try:
        if not pasted or len(pasted) > _MAX_PASTED:
            text = _("Paste one access token.")
            raise InvalidInput(text, fields={"token": text})
        with tenant_read(request) as access:
            report = infor_of(request).token_tools.inspect(access, pasted)
    except InvalidInput as error:
        return _page(request, None, error.fields.get("token", error.text), error.status)
    return _page(request, report)


def _page(
    request: Request, report: TokenReport | None, error: str = "", status: int = 200
) -> Response:
    app = the_app(request)
    tools = infor_of(request).token_tools
    context = {
        "report": report,
        "snippets": None if app.type.has_users else tools.snippets(app),
        "is_other_client": bool(
            report and report.claims and report.claims.get("client_id") != app.client_id
        ),
    }
    errors = {"token": error} if error else {}
    return app_dialog(request, "authorized_apps/token_tools.html", errors, status, context)


_TOOLS = "/ion-api/{tenant}/authorized-apps/{app}/token-tools"
ROUTES = [
    *form_routes(_TOOLS, show, inspect, name="token_tools"),
]
