"""Infor side: the supplier invoices that reached a tenant's imitated M3."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.i18n import _
from ionport.sandbox.m3.model import M3InvoiceFilter
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import render
from ionport.web.services import sandbox_of, sides_of
from ionport.web.state import tenant_read

MANUAL = "sandbox-m3"

# The fields that tell lines apart, in the order of the vendor's mappings.
_LINE_FIELDS = ("TRNO", "RDTP", "PUNO", "PNLI", "ITNO", "IVQA", "NLAM", "VTCD", "VTA1", "CEID")


def list_m3_invoices(request: Request) -> Response:
    """Show the supplier invoices of M3, the newest first."""
    state = ListState.of(request, sorts=["time"], filters=("q", "status"), default_descending=True)
    statuses = _statuses()
    status = state.filters["status"]
    filters = M3InvoiceFilter(
        status=status if status in dict(statuses) else None,
        text=state.filters["q"] or None,
        ascending=not state.descending,
    )
    with tenant_read(request) as access:
        found = sandbox_of(request).inspection.m3.list_invoices(access, state.request, filters)
    context = {"state": state, "page_of": found, "statuses": statuses}
    return render(request, "sandbox/inspector_m3/list.html", context)


def show_m3_invoice(request: Request) -> Response:
    """Show one supplier invoice of M3: head, lines, and what validation found."""
    with tenant_read(request) as access:
        invoice = sandbox_of(request).inspection.m3.get_invoice(
            access, request.path_params["m3_invoice"]
        )
    used = {name for line in invoice.lines for name, value in line.items() if value}
    context = {
        "invoice": invoice,
        "has_ledger": sides_of(request).documents is not None,
        "statuses": dict(_statuses()),
        "line_types": _line_types(),
        "columns": [name for name in _LINE_FIELDS if name in used],
        # Names in lower case are the sandbox's own.
        "fields": {name: value for name, value in invoice.head.items() if name.isupper()},
    }
    return render(request, "sandbox/inspector_m3/invoice.html", context)


def _statuses() -> list[tuple[str, str]]:
    return [
        ("10", _("10 New")),
        ("15", _("15 With errors")),
        ("20", _("20 Validated")),
        ("40", _("40 Rejected")),
        ("43", _("43 Adjusted")),
        ("50", _("50 Approved")),
        ("90", _("90 In the ledger")),
    ]


def _line_types() -> dict[str, str]:
    return {
        "1": _("1 Receipt"),
        "2": _("2 Order charge"),
        "3": _("3 Tax"),
        "5": _("5 Line charge"),
        "8": _("8 Cost"),
    }


_BASE = "/ion-api/{tenant}/inspector/m3"
ROUTES = [
    Route(_BASE, list_m3_invoices, name="inspector_m3"),
    Route(f"{_BASE}/{{m3_invoice}}", show_m3_invoice, name="inspector_m3_invoice"),
]
