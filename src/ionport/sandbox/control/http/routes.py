"""`/_control/{TENANT}/…`: the control plane for tests in any language.

Its own credential, a control key as Bearer token; JSON in and out, errors as RFC 9457 says. Where
no sandbox runs there is nothing here, and a production tenant has none.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ionport.core.errors import (
    InvalidInput,
    IonportError,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthenticated,
    existing,
)
from ionport.core.http.bodies import read_body
from ionport.core.http.endpoints import EndpointTable
from ionport.core.http.hosts import split_host
from ionport.core.http.problems import problem_of
from ionport.core.ids import new_id
from ionport.core.secrets import Secret
from ionport.gateway.caller import REQUEST_ID_KEY
from ionport.identity.access import Access
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
from ionport.store import TenantScope, database_away

MAX_BODY: Final = MAX_BYTES + 1_000
_OPERATOR: Final = Actor.operator()

_logger = logging.getLogger(__name__)


class WrongHost(IonportError):
    """The Host header names another server (RFC 9110 §15.5.20)."""

    status = 421
    default_code = "wrong_host"


_FAILED: Final = "The control plane failed. The log says why under the request id."
_NOTHING_HERE: Final = "There is nothing at this address, or not with this method."
_DOCUMENT: Final = f"{PREFIX}/openapi.json"


class ControlApp:
    """Answers below `/_control`; without a server, where no sandbox runs, only that it is off."""

    def __init__(self, server: ControlServer | None) -> None:
        self._server = server
        self._table = EndpointTable(ENDPOINTS)
        self._described = control_document(ENDPOINTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            # It is not read: the client went away before its body had come.
            response = Response(status_code=400)
        except IonportError as error:
            _logger.info("%s: %s %s", _id_of(request), error.code, error.detail or "")
            response = _problem(request, error)
        except Exception as error:
            _logger.exception("%s failed", _id_of(request))
            response = _problem(request, database_away(error) or IonportError(_FAILED))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        server = self._server
        server = existing(
            server,
            "The sandbox is not switched on here. Start the server with --sandbox, or set"
            " IONPORT_SANDBOX=true.",
            code="sandbox_off",
        )
        tenant_id, path = _split(request.scope["path"])
        found = self._table.find(request.method, path)
        if request.scope["path"] == _DOCUMENT and request.method in ("GET", "HEAD"):
            _check_host(server, request)
            return JSONResponse(self._described, headers=HEADERS)
        if found.row is None and found.allowed:
            head = ["HEAD"] if "GET" in found.allowed else []
            raise MethodNotAllowed(_NOTHING_HERE, allowed=sorted([*found.allowed, *head]))
        if found.row is None or not tenant_id:
            raise NotFound(_NOTHING_HERE)
        _check_host(server, request)
        _check_characters((tenant_id, *found.params.values(), *request.query_params.values()))
        scope = TenantScope(check_tenant_id(tenant_id))
        require_control(_OPERATOR, scope)
        # Before the body: without a key the server reads none.
        actor = await run_in_threadpool(_actor, server, scope, _key_of(request))
        body = await read_body(request.receive, MAX_BODY, _too_large)
        call = _Call(scope, actor, found.params, request.query_params, body)
        return await run_in_threadpool(_answered, server, found.row, call)


def _split(path: str) -> tuple[str, str]:
    """Return the tenant that a path names, and the path behind it."""
    tenant_id, slash, rest = path.removeprefix(f"{PREFIX}/").partition("/")
    return tenant_id, slash + rest


def _actor(server: ControlServer, scope: TenantScope, secret: Secret) -> Actor:
    with server.database.read() as work:
        return server.plane.keys.actor_for(work.within(scope), secret)


@dataclass(frozen=True, slots=True)
class _Call:
    """A request, its key checked and its body read."""

    scope: TenantScope
    actor: Actor
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


def _answered(server: ControlServer, endpoint: Endpoint, call: _Call) -> Response:
    opened = server.database.write() if endpoint.writes else server.database.read()
    with opened as work:
        return endpoint.handler(
            ControlCall(
                server=server,
                access=Access(work, call.scope, call.actor),
                params=call.params,
                query=call.query,
                body=call.body,
            )
        )


def _check_host(server: ControlServer, request: Request) -> None:
    if split_host(request.headers.get("host", ""))[0] not in server.allowed_hosts:
        raise WrongHost("This server is not known by that name.")


def _check_characters(parts: Iterable[str]) -> None:
    # No database stores what is no text.
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


def _id_of(request: Request) -> str:
    if REQUEST_ID_KEY not in request.scope:
        request.scope[REQUEST_ID_KEY] = new_id("req")
    return str(request.scope[REQUEST_ID_KEY])


def _problem(request: Request, error: IonportError) -> Response:
    """Return the answer to an error: problem details (RFC 9457)."""
    request_id = _id_of(request)
    headers = {"X-Request-Id": request_id, **HEADERS}
    return problem_of(error, request_id, realm="ionport control", headers=headers)
