"""Suppliers of the ERP behind a connection, fetched into the master data."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ionport.connections.model import TargetKind
from ionport.connections.suppliers.model import MAX_FETCHED, Erp, FetchedSuppliers
from ionport.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.core.sentences import told
from ionport.ionapi.errors import IonApiError
from ionport.web.forms.fields import text_of
from ionport.web.rendering.templating import render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, visit_of

MANUAL = "suppliers"

_SHOWN = 200
_OFFERED = PageRequest(per_page=200)
_UNREACHED = 502


def fetch_form(request: Request) -> Response:
    """Show the form that asks which ERP behind which connection has the suppliers."""
    return _page(request)


def fetch(request: Request) -> Response:
    """Fetch the suppliers, or show what that would change."""
    visit = visit_of(request)
    erp = text_of(visit.form, "erp")
    if erp not in set(Erp):
        return _page(request, errors={"erp": _("Choose M3 or LN.")}, status=422)
    is_check = text_of(visit.form, "action") == "check"
    try:
        fetched = documents_of(request).supplier_fetching.fetch(
            organization_scope(request),
            visit.actor,
            text_of(visit.form, "connection"),
            Erp(erp),
            text_of(visit.form, "company"),
            is_check=is_check,
        )
    except NotFound as error:
        return _page(request, errors={"connection": error.text}, status=error.status)
    except (InvalidInput, Conflict, Unavailable) as error:
        fields = error.fields if isinstance(error, InvalidInput) else {}
        return _page(request, errors=fields or {"": error.text}, status=error.status)
    except IonApiError as error:
        text = f"{told(error.message)} {told(error.remedy)}".strip()
        return _page(request, errors={"": text}, status=_UNREACHED)
    return _page(request, fetched=fetched, is_check=is_check)


def _page(
    request: Request,
    *,
    fetched: FetchedSuppliers | None = None,
    is_check: bool = False,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    visit, side = visit_of(request), documents_of(request)
    with organization_read(request) as access:
        side.supplier_fetching.require_rights(access)
        found = side.connections.list(access, _OFFERED, target=TargetKind.INFOR)
    form = visit.form
    context = {
        "connections": [(one.id, f"{one.name} ({one.tenant_id})") for one in found.items],
        "erps": [(erp.value, erp.label) for erp in Erp],
        "values": {name: text_of(form, name) for name in ("connection", "erp", "company")},
        "errors": errors or {},
        "fetched": fetched,
        "is_check": is_check,
        "shown": _SHOWN,
        "most": MAX_FETCHED,
    }
    return render(request, "settings/supplier_fetch.html", context, status=status)


ROUTES = form_routes("/settings/suppliers/fetch", fetch_form, fetch, name="supplier_fetch")
