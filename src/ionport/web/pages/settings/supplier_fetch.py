"""Suppliers of the ERP behind a connection, fetched into the master data."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.connections.model import TargetKind
from ionport.connections.suppliers.model import MAX_FETCHED, SHOWN, Erp, FetchRequest
from ionport.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.web.forms.fields import text_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "suppliers"

_OFFERED = PageRequest(per_page=200)


def fetch_form(request: Request) -> Response:
    """Show the form that asks which ERP behind which connection has the suppliers."""
    return _page(request)


def fetch(request: Request) -> Response:
    """Begin to fetch the suppliers, or to compare them, and lead to the progress."""
    visit = visit_of(request)
    erp = text_of(visit.form, "erp")
    if erp not in set(Erp):
        return _page(request, errors={"erp": _("Choose M3 or LN.")}, status=422)
    wanted = FetchRequest(
        text_of(visit.form, "connection"),
        Erp(erp),
        text_of(visit.form, "company"),
        is_check=text_of(visit.form, "action") == "check",
    )
    try:
        begun = documents_of(request).supplier_fetching.start(
            organization_scope(request), visit.actor, wanted
        )
    except NotFound as error:
        return _page(request, errors={"connection": error.text}, status=error.status)
    except (InvalidInput, Conflict, Unavailable) as error:
        fields = error.fields if isinstance(error, InvalidInput) else {}
        return _page(request, errors=fields or {"": error.text}, status=error.status)
    return redirect(request, path_to(request, "supplier_fetch_progress", fetch=begun.id))


def progress(request: Request) -> Response:
    """Show how far a fetch is, and what came of it."""
    with organization_read(request) as access:
        found = documents_of(request).supplier_fetching.get(access, request.path_params["fetch"])
    context = {"fetch": found, "shown": SHOWN}
    return render(request, "settings/supplier_fetch/progress.html", context)


def cancel(request: Request) -> Response:
    """End a fetch before it stores anything."""
    fetch_id = request.path_params["fetch"]
    url = path_to(request, "supplier_fetch_progress", fetch=fetch_id)
    try:
        with organization_write(request) as access:
            documents_of(request).supplier_fetching.cancel(access, fetch_id)
    except Conflict as error:
        # What came of it stands there.
        return redirect(request, url, kind="info", text=error.text)
    return redirect(request, url)


def _page(request: Request, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    visit, side = visit_of(request), documents_of(request)
    with organization_read(request) as access:
        side.supplier_fetching.require_rights(access)
        found = side.connections.list(access, _OFFERED, target=TargetKind.INFOR)
    form, asked = visit.form, request.query_params
    names = ("connection", "erp", "company")
    context = {
        "connections": [(one.id, f"{one.name} ({one.tenant_id})") for one in found.items],
        "erps": [(erp.value, erp.label) for erp in Erp],
        "values": {each: text_of(form, each) if form else asked.get(each, "") for each in names},
        "errors": errors or {},
        "most": MAX_FETCHED,
    }
    return render(request, "settings/supplier_fetch/form.html", context, status=status)


_FORM = "/settings/suppliers/fetch"
ROUTES = [
    *form_routes(_FORM, fetch_form, fetch, name="supplier_fetch"),
    Route(f"{_FORM}/{{fetch}}", progress, name="supplier_fetch_progress"),
    Route(f"{_FORM}/{{fetch}}/cancel", cancel, methods=["POST"], name="supplier_fetch_cancel"),
]
