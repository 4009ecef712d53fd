"""Infor side: the API suites that the sandbox has built in.

Source: docs/reference/gateway.md#api-suites.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport import __version__
from ionport.core.errors import existing
from ionport.core.i18n import _
from ionport.gateway.suites.openapi import ApiDescription, Operation, describe
from ionport.gateway.suites.sample_call import sample_call, sample_path
from ionport.web.rendering.templating import path_to, render
from ionport.web.services import infor_of, sandbox_of, sides_of
from ionport.web.state import tenant_scope, visit_of

if TYPE_CHECKING:
    from ionport.sandbox.kit.operations import Service

MANUAL = "available-apis"

_MAX_SEARCH = 200


def show_built_in(request: Request) -> Response:
    """Show a suite of the sandbox: what it offers; there is nothing to change."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    wanted = str(request.path_params["api"])
    service = next((one for one in built_in(request) if one.context == wanted), None)
    service = existing(service, _("The sandbox has no such API suite."))
    registry = sandbox_of(request).registry
    document = registry.openapi(scope.tenant_id, service.context, __version__)
    address = infor_of(request).custom_apis.suites.built_in_address(
        scope.tenant_id, service.context
    )
    context = {
        "service": service,
        "address": address,
        **documented(request, describe(json.dumps(document)), address, needs_token=True),
    }
    return render(request, "api_suites/built_in.html", context)


def documented(
    request: Request, api: ApiDescription, address: str, *, needs_token: bool
) -> dict[str, object]:
    """Return what the template of a documentation needs; `address` is where its paths begin.

    The request's `q` chooses the operations whose method, path or summary has it.
    """
    wanted = request.query_params.get("q", "").strip()[:_MAX_SEARCH]
    found = [
        one
        for one in api.operations
        if wanted.lower() in f"{one.method} {one.path} {one.summary}".lower()
    ]
    return {
        "api": api,
        "wanted": wanted,
        "operations": [(one, sample_call(address, one, needs_token=needs_token)) for one in found],
        "needs_token": needs_token,
        "send_url": partial(_send_url, request, address),
        "anchors": {
            schema.name: f"schema-{number}" for number, schema in enumerate(api.schemas, start=1)
        },
    }


def _send_url(request: Request, address: str, operation: Operation) -> str:
    """Return the form that sends a call of an operation whose paths begin at `address`."""
    tenant = tenant_scope(request).tenant_id
    begin = urlsplit(address).path.partition(f"/{tenant}/")[2].rstrip("/")
    path = sample_path(operation)
    query = urlencode({"method": operation.method, "path": f"{begin}{path}"})
    return f"{path_to(request, 'api_send', tenant=tenant)}?{query}"


def built_in(request: Request) -> Sequence[Service]:
    """Return the suites of the sandbox; none where it does not run."""
    sandbox = sides_of(request).sandbox
    return sandbox.registry.services if sandbox is not None else ()


ROUTES = [
    Route("/ion-api/{tenant}/available-apis/built-in/{api}", show_built_in, name="built_in_api")
]
