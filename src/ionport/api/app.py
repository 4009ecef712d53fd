"""The API as one ASGI application."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Security
from fastapi.security import HTTPBearer
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport import __version__
from ionport.api.bodies import require_storable
from ionport.api.callers import KeyGuard
from ionport.api.erp import with_erp
from ionport.api.limits import CallLimit
from ionport.api.problems import PROBLEMS, handle_errors
from ionport.api.routes import (
    configurations,
    connections,
    decisions,
    deliveries,
    documents,
    dry_runs,
    export_errors,
    fetching,
    mappings,
    webhooks,
)
from ionport.api.schemas import KeyAnswer
from ionport.api.services import ApiServices, Serving
from ionport.identity.api_keys.model import ApiCaller

PREFIX: Final = "/api/v1"
_ABOUT: Final = (
    "What programs do that people do on pages: send in documents, read what rules noticed, decide,"
    " export, look at deliveries and connections, keep mapping files, and be told by webhooks. Each"
    " request has an API key: `Authorization: Bearer iok_…`. Errors are problem details (RFC 9457)"
    " with a `code`."
)
_MODULES: Final = (
    *(documents, decisions, deliveries, fetching, export_errors),
    *(dry_runs, connections, configurations, mappings, webhooks),
)


def create_api(services: ApiServices) -> ASGIApp:
    """Return the API. Its OpenAPI document is at `/api/v1/openapi.json`, open to everybody."""
    serving, routes = Serving(services, CallLimit(services.calls_per_minute)), _routes()

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        serving.put_into(scope)
        await routes(scope, receive, send)

    return with_erp(api, services)


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of the API."""
    return dict(_routes().openapi())


@cache
def _routes() -> FastAPI:
    """Build the routes, once for each process: it takes longer than the rest of an application."""
    app = FastAPI(
        title="ionport",
        version=__version__,
        description=_ABOUT,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(KeyGuard)],
    )
    handle_errors(app)
    # The key was checked already; this only tells it in the OpenAPI document.
    told = Security(HTTPBearer(auto_error=False, scheme_name="API key"))
    api = APIRouter(prefix=PREFIX, dependencies=[told, Depends(require_storable)])
    for module in _MODULES:
        api.include_router(module.router)
    api.add_api_route("/key", get_key, methods=["GET"], tags=["API key"], responses=PROBLEMS)
    app.include_router(api)
    return app


def get_key(request: Request) -> KeyAnswer:
    """Read what the key of this request may be used for."""
    caller = request.state.caller
    if not isinstance(caller, ApiCaller):
        raise TypeError("a route was reached without its guard")
    return KeyAnswer.of(caller.key)
