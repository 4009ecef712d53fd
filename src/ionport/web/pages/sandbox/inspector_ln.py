"""Infor side: the supplier invoices that reached a tenant's imitated LN."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.i18n import _
from ionport.sandbox.ln.model import LINES, LnInvoiceFilter, Status
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import render
from ionport.web.services import sandbox_of, sides_of
from ionport.web.state import tenant_read

MANUAL = "sandbox-ln"


def list_ln_invoices(request: Request) -> Response:
    """Show the received purchase invoices of LN, the newest first."""
    state = ListState.of(request, sorts=["time"], filters=("q", "status"), default_descending=True)
    statuses = _statuses()
    status = state.filters["status"]
    filters = LnInvoiceFilter(
        status=Status(status) if status in dict(statuses) else None,
        text=state.filters["q"] or None,
        ascending=not state.descending,
    )
    with tenant_read(request) as access:
        found = sandbox_of(request).inspection.ln.list_invoices(access, state.request, filters)
    context = {"state": state, "page_of": found, "statuses": statuses}
    return render(request, "sandbox/inspector_ln/list.html", context)


def show_ln_invoice(request: Request) -> Response:
    """Show one received purchase invoice of LN: header, lines, and its status."""
    with tenant_read(request) as access:
        invoice = sandbox_of(request).inspection.ln.get_invoice(
            access, request.path_params["ln_invoice"]
        )
    tables = []
    for component, title in zip(LINES, _line_titles(), strict=True):
        lines = invoice.draft.lines.get(component.name, ())
        columns = [name for name in component.attributes if any(name in line for line in lines)]
        tables.append((component.name, title, columns, lines))
    context = {
        "invoice": invoice,
        "has_ledger": sides_of(request).documents is not None,
        "tables": tables,
        "statuses": dict(_statuses()),
    }
    return render(request, "sandbox/inspector_ln/invoice.html", context)


def _statuses() -> list[tuple[str, str]]:
    words = {
        Status.CREATED: _("Created"),
        Status.REGISTRATION_ERRORS: _("Registration Errors"),
        Status.REGISTERED: _("Registered"),
        Status.MATCHING_ERRORS: _("Matching Errors"),
        Status.MATCHED: _("Matched"),
        Status.APPROVAL_ERRORS: _("Approval Errors"),
        Status.APPROVED: _("Approved"),
    }
    return [(status.value, text) for status, text in words.items()]


def _line_titles() -> tuple[str, str, str]:
    return _("Tax lines"), _("Receipt lines"), _("Cost lines")


_BASE = "/ion-api/{tenant}/inspector/ln"
ROUTES = [
    Route(_BASE, list_ln_invoices, name="inspector_ln"),
    Route(f"{_BASE}/{{ln_invoice}}", show_ln_invoice, name="inspector_ln_invoice"),
]
