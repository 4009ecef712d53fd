"""The authorization server's endpoints, in Infor's naming (docs/reference/oauth.md#endpoints).

Any Host header is taken: some ION API clients send a foreign one
(docs/reference/known-clients.md#inforion). The JSON Web Key Set stands at `{pu}jwks`; Infor
publishes no address for it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.core.errors import IonportError
from ionport.oauth.clients.authentication import OAuthRequest
from ionport.oauth.http.answers import (
    NO_STORE,
    error_response,
    read_request,
    read_whole,
    refusal,
    require_form,
    tenant_of,
)
from ionport.oauth.http.metadata import metadata
from ionport.oauth.http.token_endpoint import TokenEndpoint
from ionport.oauth.tenant.endpoints import JWKS_PATH, PATHS, Endpoints
from ionport.oauth.tenant.service import TenantSettingsService
from ionport.oauth.tokens.introspection import IntrospectionService
from ionport.oauth.tokens.issuing import TokenIssuer
from ionport.oauth.tokens.keys.signing import SigningKeys
from ionport.oauth.tokens.service import TokenService
from ionport.store import Database, TenantScope

MAX_QUERY: Final = 8_000
WELL_KNOWN: Final = ("oauth-authorization-server", "openid-configuration")
# Whether a web page may read it hangs on the page's origin, so caches must not mix them up.
_MAY_KEEP: Final = {"Cache-Control": "public, max-age=300", "Vary": "Origin"}


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """What the endpoints are made of."""

    database: Database
    endpoints: Endpoints
    keys: SigningKeys
    tokens: TokenService
    introspection: IntrospectionService
    settings: TenantSettingsService


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers at one address.

    Attributes:
        path: below `/{tenant}/as/`.
        only_reads: a GET that changes nothing; revocation by GET does.
        takes_web_pages: scripts of other sites may call it.
    """

    method: str
    path: str
    app: ASGIApp
    only_reads: bool = False
    takes_web_pages: bool = True


def routes(server: AuthorizationServer) -> Sequence[Endpoint]:
    """Return the endpoints.

    Scripts cannot call the authorization endpoint: people are led there (RFC 9700 §2.6).
    """
    token = TokenEndpoint(TokenIssuer(server.database, server.tokens))

    async def revoke(request: Request) -> Response:
        def answer(scope: TenantScope, read: OAuthRequest) -> Response:
            with server.database.write() as work:
                server.tokens.revoke(work.within(scope), read)
            return Response(headers=NO_STORE)

        return await _answered(request, answer)

    async def introspect(request: Request) -> Response:
        def answer(scope: TenantScope, read: OAuthRequest) -> Response:
            with server.database.write() as work:
                said = server.introspection.introspect(work.within(scope), read)
            return JSONResponse(said, headers=NO_STORE)

        return await _answered(request, answer)

    async def jwks(_request: Request) -> Response:
        return JSONResponse(server.keys.public_set(), headers=_MAY_KEEP)

    async def describe(request: Request) -> Response:
        def answer() -> Response:
            scope = tenant_of(request.scope)
            with server.database.read() as work:
                settings = server.settings.in_force(work.within(scope))
            said = metadata(server.endpoints, scope.tenant_id, settings)
            return JSONResponse(said, headers=_MAY_KEEP)

        return await run_in_threadpool(answer)

    found = [
        Endpoint("GET", JWKS_PATH, _app(jwks), only_reads=True),
        *(
            Endpoint("GET", f".well-known/{document}", _app(describe), only_reads=True)
            for document in WELL_KNOWN
        ),
    ]
    for paths in PATHS.values():
        found += [
            Endpoint("POST", paths.authorization, _app(_as_get), takes_web_pages=False),
            Endpoint("POST", paths.token, token),
            Endpoint("GET", paths.revocation, _app(revoke)),
            Endpoint("POST", paths.revocation, _app(revoke)),
            Endpoint("POST", paths.introspection, _app(introspect)),
        ]
    return found


def _app(answer: Callable[[Request], Coroutine[Any, Any, Response]]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await answer(Request(scope, receive))
        await response(scope, receive, send)

    return app


async def _as_get(request: Request) -> Response:
    """Lead a posted authorization request to the same address as GET (RFC 6749 §3.1).

    The form comes from the client's site, so it carries no session: the GET behind it does.
    """
    try:
        body = await read_whole(request.receive)
        require_form(request.scope, body)
    except (IonportError, ClientDisconnect) as error:
        return refusal(request.scope, error)
    parts = (request.scope["query_string"], body.strip())
    query = b"&".join(part for part in parts if part).decode("ascii", "replace")
    if len(query) > MAX_QUERY or not query.isprintable() or not query.isascii():
        return error_response(400, "invalid_request", "the authorization request is too long")
    path = quote(request.scope["path"], safe="/")
    return RedirectResponse(f"{path}?{query}", 303, headers=NO_STORE)


async def _answered(
    request: Request, answer: Callable[[TenantScope, OAuthRequest], Response]
) -> Response:
    """Read the request, answer it in a worker thread, and shape what goes wrong."""
    try:
        read = (await read_request(request.scope, request.receive)).parsed()
        return await run_in_threadpool(answer, tenant_of(request.scope), read)
    except (IonportError, ClientDisconnect) as error:
        return refusal(request.scope, error)
