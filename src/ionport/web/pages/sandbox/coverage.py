"""Infor side: what the sandbox imitates and how far, and its OpenAPI documents."""

from __future__ import annotations

import json
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport import __version__
from ionport.core.i18n import _
from ionport.sandbox.kit.coverage import Covered
from ionport.sandbox.kit.operations import Known
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import render
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_scope

MANUAL = "sandbox-coverage"


def show(request: Request) -> Response:
    """Show every imitated operation with the fact behind it, folded by service.

    A search or a choice unfolds what it finds.
    """
    scope = tenant_scope(request)
    state = ListState.of(request, sorts=["service"], filters=("q", "known"))
    text, known = state.filters["q"].lower(), state.filters["known"]
    found = []
    for each in sandbox_of(request).registry.coverage(scope.tenant_id):
        operations, parts = (
            [line for line in lines if _matches(line, text, known)]
            for lines in (each.operations, each.parts)
        )
        if operations or parts:
            found.append(replace(each, operations=operations, parts=parts))
    contexts = {service.context for service in sandbox_of(request).registry.services}
    context = {
        "covered": found,
        "state": state,
        "knowns": [(each.value, _(each.value)) for each in Known],
        "documented": contexts,
    }
    return render(request, "sandbox/coverage.html", context)


def _matches(line: Covered, text: str, known: str) -> bool:
    if known and line.fact.known != known:
        return False
    return not text or any(
        text in part.lower() for part in (line.address, *line.names, line.fact.section)
    )


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
