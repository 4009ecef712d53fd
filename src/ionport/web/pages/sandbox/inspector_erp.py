"""Infor side: the supplier invoices that reached a tenant's imitated M3 and LN."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.i18n import _
from ionport.sandbox.ln.model import LINES, LnInvoiceFilter, Status
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
    state = _list_state(request)
    statuses = _m3_statuses()
    filters = M3InvoiceFilter(
        status=_known(state.filters["status"], statuses),
        text=state.filters["q"] or None,
        ascending=not state.descending,
    )
    with tenant_read(request) as access:
        found = sandbox_of(request).inspection.m3.list_invoices(access, state.request, filters)
    context = {"state": state, "page_of": found, "statuses": statuses}
    return render(request, "sandbox/inspector_erp/m3_invoices.html", context)


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
        "statuses": dict(_m3_statuses()),
        "line_types": _m3_line_types(),
        "columns": [name for name in _LINE_FIELDS if name in used],
        # Names in lower case are the sandbox's own.
        "fields": {name: value for name, value in invoice.head.items() if name.isupper()},
    }
    return render(request, "sandbox/inspector_erp/m3_invoice.html", context)


def list_ln_invoices(request: Request) -> Response:
    """Show the received purchase invoices of LN, the newest first."""
    state = _list_state(request)
    statuses = _ln_statuses()
    status = _known(state.filters["status"], statuses)
    filters = LnInvoiceFilter(
        status=Status(status) if status else None,
        text=state.filters["q"] or None,
        ascending=not state.descending,
    )
    with tenant_read(request) as access:
        found = sandbox_of(request).inspection.ln.list_invoices(access, state.request, filters)
    context = {"state": state, "page_of": found, "statuses": statuses}
    return render(request, "sandbox/inspector_erp/ln_invoices.html", context)


def show_ln_invoice(request: Request) -> Response:
    """Show one received purchase invoice of LN: header, lines, and its status."""
    with tenant_read(request) as access:
        invoice = sandbox_of(request).inspection.ln.get_invoice(
            access, request.path_params["ln_invoice"]
        )
    tables = []
    for component, title in zip(LINES, _ln_line_titles(), strict=True):
        lines = invoice.draft.lines.get(component.name, ())
        columns = [name for name in component.attributes if any(name in line for line in lines)]
        tables.append((component.name, title, columns, lines))
    context = {
        "invoice": invoice,
        "has_ledger": sides_of(request).documents is not None,
        "tables": tables,
        "statuses": dict(_ln_statuses()),
    }
    return render(request, "sandbox/inspector_erp/ln_invoice.html", context)


def _known(value: str, choices: list[tuple[str, str]]) -> str | None:
    return value if value in dict(choices) else None


def _m3_statuses() -> list[tuple[str, str]]:
    return [
        ("10", _("10 New")),
        ("15", _("15 With errors")),
        ("20", _("20 Validated")),
        ("40", _("40 Rejected")),
        ("43", _("43 Adjusted")),
        ("50", _("50 Approved")),
        ("90", _("90 In the ledger")),
    ]


def _m3_line_types() -> dict[str, str]:
    return {
        "1": _("1 Receipt"),
        "2": _("2 Order charge"),
        "3": _("3 Tax"),
        "5": _("5 Line charge"),
        "8": _("8 Cost"),
    }


def _ln_statuses() -> list[tuple[str, str]]:
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


def _ln_line_titles() -> tuple[str, str, str]:
    return _("Tax lines"), _("Receipt lines"), _("Cost lines")


def _list_state(request: Request) -> ListState:
    return ListState.of(request, sorts=["time"], filters=("q", "status"), default_descending=True)


_BASE = "/ion-api/{tenant}/inspector"
ROUTES = [
    Route(f"{_BASE}/m3", list_m3_invoices, name="inspector_m3"),
    Route(f"{_BASE}/m3/{{m3_invoice}}", show_m3_invoice, name="inspector_m3_invoice"),
    Route(f"{_BASE}/ln", list_ln_invoices, name="inspector_ln"),
    Route(f"{_BASE}/ln/{{ln_invoice}}", show_ln_invoice, name="inspector_ln_invoice"),
]
