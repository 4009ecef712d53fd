"""The authorization server's endpoints, in Infor's naming (docs/reference/oauth.md#endpoints).

Any Host header is taken: some ION API clients send a foreign one
(docs/reference/known-clients.md#inforion). The JSON Web Key Set stands at `{pu}jwks`; Infor
publishes no address for it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.core.errors import IonportError
from ionport.core.http.openapi import Json, document, http_scheme, paths_of
from ionport.oauth.clients.authentication import OAuthRequest
from ionport.oauth.http import promises
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
from ionport.oauth.tenant.endpoints import JWKS_PATH, PATHS, Endpoints, Paths
from ionport.oauth.tenant.service import TenantSettingsService
from ionport.oauth.tenant.settings import UrlFlavour
from ionport.oauth.tokens.introspection import IntrospectionService
from ionport.oauth.tokens.issuing import TokenIssuer
from ionport.oauth.tokens.keys.signing import SigningKeys
from ionport.oauth.tokens.service import TokenService
from ionport.store import Database, TenantScope

MAX_QUERY: Final = 8_000
WELL_KNOWN: Final = ("oauth-authorization-server", "openid-configuration")
# Whether a web page may read it depends on the page's origin, so caches must keep them apart.
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


Answer = Callable[[AuthorizationServer, Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """What answers at one address.

    Attributes:
        path: below `/{tenant}/as/`.
        app: makes what answers.
        described: its operation in the OpenAPI document; None where browsers are redirected to it.
        flavour: whose name the path is, None for both.
        only_reads: a GET that changes nothing; revocation by GET does.
        takes_web_pages: scripts of other sites may call it.
    """

    method: str
    path: str
    app: Callable[[AuthorizationServer], ASGIApp]
    described: Json | None = None
    flavour: UrlFlavour | None = None
    only_reads: bool = False
    takes_web_pages: bool = True


def openapi(endpoints: Endpoints, tenant_id: str, flavour: UrlFlavour = UrlFlavour.CLOUD) -> Json:
    """Return the document of a tenant's endpoints for machines, its paths relative to `pu`."""
    described = [
        (f"/{row.path}", row.method, row.described)
        for row in ENDPOINTS
        if row.described and row.flavour in (None, flavour)
    ]
    return document(
        f"Authorization server of {tenant_id}",
        "1",
        paths_of(described),
        server=endpoints.issuer(tenant_id),
        components={"securitySchemes": {"basic": http_scheme("basic")}},
    )


async def _revoke(server: AuthorizationServer, request: Request) -> Response:
    def answer(scope: TenantScope, read: OAuthRequest) -> Response:
        with server.database.write() as work:
            server.tokens.revoke(work.within(scope), read)
        # RFC 7009 wants no body; clients that read every answer as JSON find one here.
        return JSONResponse({}, headers=NO_STORE)

    return await _answered(request, answer)


async def _introspect(server: AuthorizationServer, request: Request) -> Response:
    def answer(scope: TenantScope, read: OAuthRequest) -> Response:
        with server.database.write() as work:
            said = server.introspection.introspect(work.within(scope), read)
        return JSONResponse(said, headers=NO_STORE)

    return await _answered(request, answer)


async def _jwks(server: AuthorizationServer, _request: Request) -> Response:
    return JSONResponse(server.keys.public_set(), headers=_MAY_KEEP)


async def _describe(server: AuthorizationServer, request: Request) -> Response:
    def answer() -> Response:
        scope = tenant_of(request.scope)
        with server.database.read() as work:
            settings = server.settings.in_force(work.within(scope))
        said = metadata(server.endpoints, scope.tenant_id, settings)
        return JSONResponse(said, headers=_MAY_KEEP)

    return await run_in_threadpool(answer)


async def _as_get(_server: AuthorizationServer, request: Request) -> Response:
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


def _token_endpoint(server: AuthorizationServer) -> ASGIApp:
    return TokenEndpoint(TokenIssuer(server.database, server.tokens))


def _app(answer: Answer) -> Callable[[AuthorizationServer], ASGIApp]:
    def of(server: AuthorizationServer) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await answer(server, Request(scope, receive))
            await response(scope, receive, send)

        return app

    return of


def _named(flavour: UrlFlavour, paths: Paths) -> Iterator[Endpoint]:
    """Yield the endpoints that have another name in each flavour.

    Scripts cannot call the authorization endpoint: people are led there (RFC 9700 §2.6).
    """
    yield Endpoint("POST", paths.authorization, _app(_as_get), takes_web_pages=False)
    yield Endpoint("POST", paths.token, _token_endpoint, promises.TOKEN, flavour)
    yield Endpoint("GET", paths.revocation, _app(_revoke), promises.REVOCATION_BY_GET, flavour)
    yield Endpoint("POST", paths.revocation, _app(_revoke), promises.REVOCATION, flavour)
    yield Endpoint("POST", paths.introspection, _app(_introspect), promises.INTROSPECTION, flavour)


ENDPOINTS: Final[Sequence[Endpoint]] = (
    Endpoint("GET", JWKS_PATH, _app(_jwks), promises.KEY_SET, only_reads=True),
    *(
        Endpoint("GET", f".well-known/{name}", _app(_describe), promises.METADATA, only_reads=True)
        for name in WELL_KNOWN
    ),
    *(row for flavour, paths in PATHS.items() for row in _named(flavour, paths)),
)
