"""Infor side: API suites to a file and from one, without secrets."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.gateway.suite_file import read_suite_file
from ionport.web.forms.fields import errors_of, text_of, uploads_of
from ionport.web.pages.api_suites.suites import suite_url, the_suite
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.templating import redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, visit_of

MANUAL = "available-apis"


def export_suite(request: Request) -> Response:
    """Give a suite out as JSON."""
    suite = the_suite(request)
    with tenant_read(request) as access:
        content = infor_of(request).custom_apis.files.export_suite(access, suite.id)
    return attachment(content, f"{suite.context}.api-suite.json")


def import_form(request: Request) -> Response:
    """Show the empty form."""
    visit_of(request).actor.require_tenant_administrator(tenant_scope(request).tenant_id)
    return _page(request, "", {})


def import_suite(request: Request) -> Response:
    """Add a suite from a file."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    context = text_of(visit.form, "context")
    try:
        files = uploads_of(visit.form, "file")
        file = read_suite_file(files[0].content if files else b"")
        with visit.write(scope) as access:
            made = infor_of(request).custom_apis.files.import_suite(access, file, context)
    except InvalidInput as error:
        return _page(request, context, errors_of(error), error.status)
    except TooLarge as error:
        return _page(request, context, {"file": error.text}, error.status)
    except Conflict as error:
        return _page(request, context, {"context": error.text}, error.status)
    text = _("{name} is imported.").format(name=made.suite.suite_name)
    if made.lacking_secrets:
        text += " " + _(
            "These endpoints are inactive until you edit their security: {names}."
        ).format(names=", ".join(made.lacking_secrets[:10]))
    kind = "info" if made.lacking_secrets else "success"
    return redirect(request, suite_url(request, made.suite.id), kind=kind, text=text)


def _page(request: Request, context: str, errors: Mapping[str, str], status: int = 200) -> Response:
    values = {"context": context, "errors": errors}
    return render(request, "api_suites/files.html", values, status=status)


_BASE = "/ion-api/{tenant}/available-apis"
ROUTES = [
    *form_routes(f"{_BASE}/import", import_form, import_suite, name="api_suite_import"),
    Route(f"{_BASE}/{{suite}}/export", export_suite, name="api_suite_export"),
]
