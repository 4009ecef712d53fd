"""Infor side: the audit log of a tenant, with a search and as CSV."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.web.pages.organization.audit_log import send_log, show_log
from ionport.web.state import tenant_scope

MANUAL = "audit-log"


def tenant_log(request: Request) -> Response:
    """Show what was done in the tenant."""
    return show_log(request, tenant_scope(request), "tenant/audit_log.html")


def tenant_csv(request: Request) -> Response:
    """Send what was done in the tenant as CSV."""
    return send_log(request, tenant_scope(request))


_BASE = "/ion-api/{tenant}/audit-log"
ROUTES = [
    Route(_BASE, tenant_log, name="tenant_audit_log"),
    Route(f"{_BASE}.csv", tenant_csv, name="tenant_audit_log_csv"),
]
