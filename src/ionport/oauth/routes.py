"""The authorization server's HTTP: `/{tenant}/as/…` in Infor's naming (facts/ion-api.md §3.1).

Any Host header is taken: some ION API clients send a foreign one (facts §6.4). The JSON Web Key
Set stands at `{pu}jwks`; Infor publishes no address for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ionport.core.errors import IonportError
from ionport.core.secrets import Secret
from ionport.oauth.clients import OAuthRequest
from ionport.oauth.endpoints import JWKS_PATH, PATHS, Endpoints
from ionport.oauth.introspection import IntrospectionService
from ionport.oauth.keys import SigningKeys
from ionport.oauth.metadata import metadata
from ionport.oauth.protocol import (
    OAuthError,
    RequestTooLarge,
    TokenReused,
    look_up_text,
    parse_parameters,
)
from ionport.oauth.tenant_service import TenantSettingsService
from ionport.oauth.tokens import TokenAnswer, TokenService
from ionport.store import Database, TenantScope

logger = logging.getLogger(__name__)

_BASE: Final = "/{tenant}/as"
MAX_BODY_BYTES: Final = 65_536
MAX_QUERY: Final = 8_000
WELL_KNOWN: Final = ("oauth-authorization-server", "openid-configuration")
_MAY_KEEP: Final = {"Cache-Control": "public, max-age=300"}
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """What the endpoints are made of."""

    database: Database
    endpoints: Endpoints
    keys: SigningKeys
    tokens: TokenService
    introspection: IntrospectionService
    settings: TenantSettingsService


def routes(server: AuthorizationServer) -> list[Route]:
    """Return the routes, to be mounted at the root.

    `GET` of the authorization endpoint is a page and none of them: see `asgi.Doors`.
    """

    async def token(request: Request) -> Response:
        def answer(scope: TenantScope, read: OAuthRequest) -> Response:
            issued = issue(server.database, server.tokens, scope, read)
            return JSONResponse(issued.revealed(), headers=_NO_STORE)

        return await _answered(request, answer)

    async def revoke(request: Request) -> Response:
        def answer(scope: TenantScope, read: OAuthRequest) -> Response:
            with server.database.write() as work:
                server.tokens.revoke(work, scope, read)
            return Response(headers=_NO_STORE)

        return await _answered(request, answer)

    async def introspect(request: Request) -> Response:
        def answer(scope: TenantScope, read: OAuthRequest) -> Response:
            with server.database.write() as work:
                said = server.introspection.introspect(work, scope, read)
            return JSONResponse(said, headers=_NO_STORE)

        return await _answered(request, answer)

    async def jwks(_request: Request) -> Response:
        return JSONResponse(server.keys.public_set(), headers=_MAY_KEEP)

    async def describe(request: Request) -> Response:
        def answer() -> Response:
            scope = _scope(request)
            with server.database.read() as work:
                settings = server.settings.in_force(work, scope)
            said = metadata(server.endpoints, scope.tenant_id, settings)
            return JSONResponse(said, headers=_MAY_KEEP)

        return await run_in_threadpool(answer)

    found = [Route(f"{_BASE}/{JWKS_PATH}", jwks, methods=["GET"])]
    for document in WELL_KNOWN:
        # RFC 8414 §3.1 puts it before the issuer's path, OpenID Connect after it.
        found += [
            Route(f"/.well-known/{document}{_BASE}", describe, methods=["GET"]),
            Route(f"{_BASE}/.well-known/{document}", describe, methods=["GET"]),
        ]
    for paths in PATHS.values():
        found += [
            Route(f"{_BASE}/{paths.authorization}", _as_get, methods=["POST"]),
            Route(f"{_BASE}/{paths.token}", token, methods=["POST"]),
            Route(f"{_BASE}/{paths.revocation}", revoke, methods=["GET", "POST"]),
            Route(f"{_BASE}/{paths.introspection}", introspect, methods=["POST"]),
        ]
    return found


async def _as_get(request: Request) -> Response:
    """Lead a posted authorization request to the same address as GET (RFC 6749 §3.1).

    The form comes from the client's site, so it carries no session: the GET behind it does.
    """
    try:
        body = await _body(request)
    except OAuthError as error:
        return _error_response(error.status, error.error, error.text)
    except ClientDisconnect:
        return Response(status_code=400)
    parts = (request.scope["query_string"], body.strip())
    query = b"&".join(part for part in parts if part).decode("ascii", "replace")
    if len(query) > MAX_QUERY or not query.isprintable() or not query.isascii():
        return _error_response(400, "invalid_request", "the authorization request is too long")
    path = quote(request.scope["path"], safe="/")
    return RedirectResponse(f"{path}?{query}", 303, headers=_NO_STORE)


def issue(
    database: Database, tokens: TokenService, scope: TenantScope, request: OAuthRequest
) -> TokenAnswer:
    """Answer a token request: read, sign outside of any transaction, write.

    A code or refresh token that came twice closes its grant in a transaction of its own, because
    the request itself fails and changes nothing.
    """
    try:
        with database.read() as work:
            login = tokens.check(work, scope, request)
        signed = tokens.sign(login)
        with database.write() as work:
            return tokens.record(work, scope, signed)
    except TokenReused as reused:
        with database.write() as work:
            tokens.close_grant(work, scope, reused.grant_id)
        raise


async def _answered(
    request: Request, answer: Callable[[TenantScope, OAuthRequest], Response]
) -> Response:
    """Read the request, answer it in a worker thread, and shape what goes wrong."""
    scope = _scope(request)
    endpoint = request.scope["path"].rpartition("/")[2]
    try:
        return await run_in_threadpool(answer, scope, await _read(request))
    except OAuthError as error:
        logger.info("%s refused in %s: %s", endpoint, scope.tenant_id, _reason(error))
        return _error_response(error.status, error.error, error.text)
    except IonportError as error:
        logger.error("%s failed in %s: %s", endpoint, scope.tenant_id, _reason(error))  # noqa: TRY400
        text = "The authorization server cannot answer now. Try again later."
        return _error_response(503, "temporarily_unavailable", text)
    except ClientDisconnect:
        return Response(status_code=400)


def _scope(request: Request) -> TenantScope:
    return TenantScope(look_up_text(request.path_params["tenant"].upper()))


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise RequestTooLarge(f"the body must not be longer than {MAX_BODY_BYTES} bytes")
    return bytes(body)


async def _read(request: Request) -> OAuthRequest:
    parameters = parse_parameters(request.scope["query_string"], await _body(request))
    header = request.headers.get("authorization")
    return OAuthRequest(parameters, Secret(header) if header else None)


def _error_response(status: int, error: str, text: str) -> Response:
    headers = dict(_NO_STORE)
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ION API"'
    body = {"error_description": text, "error": error}
    return JSONResponse(body, status, headers=headers)


def _reason(error: IonportError) -> str:
    return f"{error.code}: {error.detail or error.text}"
