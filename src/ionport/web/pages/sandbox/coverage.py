"""Infor side: what the sandbox imitates and how far, and its OpenAPI documents."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport import __version__
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.templating import render
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_scope

MANUAL = "sandbox-coverage"


def show(request: Request) -> Response:
    """Show every imitated operation with the fact behind it."""
    tenant_scope(request)
    covered = sandbox_of(request).registry.coverage()
    return render(request, "sandbox/coverage.html", {"covered": covered})


def download_openapi(request: Request) -> Response:
    """Send the OpenAPI document of one imitated service, with this tenant's addresses."""
    tenant_id, context = tenant_scope(request).tenant_id, request.path_params["suite"]
    registry = sandbox_of(request).registry
    document = registry.openapi(tenant_id, context, __version__)
    content = json.dumps(document, indent=2, ensure_ascii=False).encode()
    return attachment(content, f"{tenant_id}-{context}-openapi.json")


_BASE = "/ion-api/{tenant}/coverage"
ROUTES = [
    Route(_BASE, show, name="coverage"),
    Route(f"{_BASE}/{{suite}}/openapi.json", download_openapi, name="coverage_openapi"),
]
