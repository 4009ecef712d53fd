"""`/_control/{TENANT}/…`: the control plane for tests in any language.

Its own credential, a control key as Bearer token; JSON in and out, errors as RFC 9457 says. Where
no sandbox runs there is nothing here, and a production tenant has none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ionport.core.errors import (
    InvalidInput,
    IonportError,
    NotFound,
    TooLarge,
    Unauthenticated,
)
from ionport.core.http.bodies import read_body
from ionport.core.http.hosts import split_host
from ionport.core.http.problems import problem_response
from ionport.core.ids import new_id
from ionport.core.secrets import Secret
from ionport.gateway.caller import REQUEST_ID_KEY
from ionport.identity.model import Actor, check_tenant_id
from ionport.sandbox.control.http.endpoint import (
    HEADERS,
    PREFIX,
    ControlCall,
    ControlServer,
    Endpoint,
)
from ionport.sandbox.control.http.endpoints import ENDPOINTS
from ionport.sandbox.control.http.openapi import control_document
from ionport.sandbox.control.rights import require_control
from ionport.sandbox.control.state.seeds import MAX_BYTES
from ionport.store import TenantScope

MAX_BODY: Final = MAX_BYTES + 1_000
_OPERATOR: Final = Actor.operator()

_logger = logging.getLogger(__name__)


class WrongHost(IonportError):
    """The Host header names another server (RFC 9110 §15.5.20)."""

    status = 421
    default_code = "wrong_host"


def control_app(server: ControlServer) -> Starlette:
    """Return the app that answers below `/_control`."""
    described = control_document(ENDPOINTS)

    async def describe(request: Request) -> Response:
        _check_host(server, request)
        return JSONResponse(described, headers=HEADERS)

    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    routes = [Route(f"{PREFIX}/openapi.json", describe)]
    routes += [
        Route(f"{PREFIX}/{{tenant}}{path}", _dispatch(server, methods), methods=list(methods))
        for path, methods in by_path.items()
    ]
    return _app(routes)


def control_app_switched_off() -> Starlette:
    """Return the app that answers below `/_control` where no sandbox runs."""

    async def refuse(_request: Request) -> Response:
        raise NotFound(
            "The sandbox is not switched on here. Start the server with --sandbox, or set"
            " IONPORT_SANDBOX=true.",
            code="sandbox_off",
        )

    return _app([Route(f"{PREFIX}{{rest:path}}", refuse, methods=_METHODS)])


_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def _app(routes: list[Route]) -> Starlette:
    handlers = {
        IonportError: _problem,
        HTTPException: _problem,
        ClientDisconnect: _gone,
        Exception: _problem,
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    # A redirect would go to the Host header's server, before that header is checked.
    app.router.redirect_slashes = False
    return app


def _dispatch(server: ControlServer, methods: Mapping[str, Endpoint]) -> Callable[..., object]:
    async def answer(request: Request) -> Response:
        _check_host(server, request)
        _check_characters(request)
        endpoint = methods["GET" if request.method == "HEAD" else request.method]
        tenant_id = request.path_params["tenant"]
        scope = TenantScope(check_tenant_id(tenant_id))
        require_control(_OPERATOR, scope)
        # Before the body: without a key the server reads none.
        actor = await run_in_threadpool(_actor, server, scope, _key_of(request))
        body = await read_body(request.receive, MAX_BODY, _too_large)
        return await run_in_threadpool(_call, server, endpoint, scope, actor, request, body)

    return answer


def _actor(server: ControlServer, scope: TenantScope, secret: Secret) -> Actor:
    with server.database.read() as work:
        return server.plane.keys.actor_for(work, scope, secret)


def _call(
    server: ControlServer,
    endpoint: Endpoint,
    scope: TenantScope,
    actor: Actor,
    request: Request,
    body: bytes,
) -> Response:
    opened = server.database.write() if endpoint.writes else server.database.read()
    with opened as work:
        return endpoint.handler(
            ControlCall(
                server=server,
                work=work,
                scope=scope,
                actor=actor,
                params=request.path_params,
                query=request.query_params,
                body=body,
            )
        )


def _check_host(server: ControlServer, request: Request) -> None:
    if split_host(request.headers.get("host", ""))[0] not in server.allowed_hosts:
        raise WrongHost("This server is not known by that name.")


def _check_characters(request: Request) -> None:
    # No database stores what is no text.
    parts = [*request.path_params.values(), *request.query_params.values()]
    if any("\0" in part or not part.isprintable() for part in parts):
        raise InvalidInput("The address has a character that cannot be used.")


def _key_of(request: Request) -> Secret:
    scheme, _blank, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated(
            "Send a control key as Authorization: Bearer. An administrator makes one.",
            code="control_key_missing",
        )
    return Secret(key.strip()[:200])


def _too_large() -> TooLarge:
    return TooLarge(f"The body has at most {MAX_BYTES // 1_000_000} MB.")


async def _gone(_request: Request, _error: Exception) -> Response:
    """Return an answer that is not read: the client went away before its body had come."""
    return Response(status_code=400)


async def _problem(request: Request, error: Exception) -> Response:
    """Answer an error as problem details (RFC 9457)."""
    request_id = request.scope.get(REQUEST_ID_KEY) or new_id("req")
    headers = {"X-Request-Id": request_id, **HEADERS}
    fields: Mapping[str, str] | None = None
    if isinstance(error, IonportError):
        _logger.info("%s: %s %s", request_id, error.code, error.detail or "")
        status, title, code = error.status, error.text, error.code
        fields = error.fields if isinstance(error, InvalidInput) else None
        if isinstance(error, Unauthenticated):
            headers["WWW-Authenticate"] = 'Bearer realm="ionport control"'
    elif isinstance(error, HTTPException):
        title = "There is nothing at this address, or not with this method."
        status, code = error.status_code, "not_found"
        if status == 405:
            code = "method_not_allowed"
        headers |= dict(error.headers or {})
    else:
        _logger.error("%s failed", request_id, exc_info=error)
        title = "The control plane failed. The log says why under the request id."
        status, code = 500, "internal"
    return problem_response(
        status, title, code=code, request_id=request_id, fields=fields, headers=headers
    )
