"""The authorization server as an ASGI app: finds the endpoint, lets registered web pages call.

A path counts in any letter case, as at the gateway
(docs/reference/known-clients.md#what-a-server-accepts).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.core.http.cors import PREFLIGHT_SECONDS, AllowedOrigins, origin_of, readable_by
from ionport.core.http.endpoints import EndpointTable, Found
from ionport.oauth.http.answers import error_response, tenant_of
from ionport.oauth.http.routes import ENDPOINTS, AuthorizationServer, Endpoint
from ionport.store import TenantScope

_WELL_KNOWN: Final = "/.well-known/"
_READABLE: Final = "Retry-After, WWW-Authenticate"
_SENDABLE: Final = "Authorization, Content-Type"
# Clients call the same few addresses; unknown ones are not kept.
_REMEMBERED: Final = 1_000
_LONGEST_REMEMBERED: Final = 100


class AuthorizationApp:
    """Answers `/{tenant}/as/…` and the documents at `/.well-known/…`; mounted at the root.

    `GET` of the authorization endpoint is a page and served elsewhere: see `InforRouter`.
    """

    def __init__(self, server: AuthorizationServer, origins: AllowedOrigins) -> None:
        self._table = EndpointTable(ENDPOINTS, ignores_case=True)
        # One for each answer, not for each of its names: what issues tokens joins requests.
        self._apps = {make: make(server) for make in {row.app for row in ENDPOINTS}}
        self._origins = origins
        self._known = lru_cache(_REMEMBERED)(self._look_up)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
            return
        method, path = scope["method"], scope["path"]
        look_up = self._known if len(path) <= _LONGEST_REMEMBERED else self._look_up
        tenant, found = look_up(method, path)
        endpoint = found.row or next(iter(found.others), None)
        if endpoint is None:
            await _not_here()(scope, receive, send)
            return
        scope = {**scope, "path_params": {"tenant": tenant}}
        origin = _origin_of(scope) if endpoint.takes_web_pages else ""
        if origin:
            allows = self._origins.allows
            if await run_in_threadpool(allows, tenant_of(scope).tenant_id, origin, None):
                send = _readable_by(origin, send)
            elif method == "OPTIONS":
                await _refuse_origin(tenant_of(scope))(scope, receive, send)
                return
        app = self._apps[found.row.app] if found.row else _refusal(found, method, origin)
        await app(scope, receive, send)

    def _look_up(self, method: str, path: str) -> tuple[str, Found[Endpoint]]:
        """Return the tenant that a path names, and what answers there."""
        tenant, below = _split(path)
        return tenant, self._table.find(method, below)


def _split(path: str) -> tuple[str, str]:
    """Return the tenant that a path names, and the path below `/{tenant}/as/` in lower case.

    RFC 8414 §3.1 puts `.well-known` before the issuer's path: it comes back like the other form.
    """
    document = ""
    if path.lower().startswith(_WELL_KNOWN):
        document, _slash, issuer_path = path[len(_WELL_KNOWN) :].partition("/")
        path = f"/{issuer_path}/"
    parts = path.split("/", 3)
    if len(parts) < 4 or parts[2].lower() != "as":
        return "", ""
    if document:
        return parts[1], "" if parts[3] else f".well-known/{document}".lower()
    return parts[1], parts[3].lower()


def _refusal(found: Found[Endpoint], method: str, origin: str) -> ASGIApp:
    allow = ", ".join(found.allowed)
    if method == "OPTIONS" and origin:
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": allow,
                "Access-Control-Allow-Headers": _SENDABLE,
                "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            },
        )
    refused = error_response(405, "invalid_request", f"use {' or '.join(found.allowed)} here")
    refused.headers["Allow"] = allow
    return refused


def _origin_of(scope: Scope) -> str:
    """Return the request's `Origin`; empty when a web page has nothing to do with it."""
    return origin_of(next((v for name, v in scope["headers"] if name == b"origin"), b""))


def _readable_by(origin: str, send: Send) -> Send:
    """Let a page of `origin` read the answer."""
    added = readable_by(origin, exposed=_READABLE)

    async def send_readable(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *added]}
            if not any(name == b"vary" for name, _value in message["headers"]):
                message["headers"].append((b"vary", b"Origin"))
        await send(message)

    return send_readable


def _refuse_origin(tenant: TenantScope) -> Response:
    text = (
        f"No authorized app of tenant {quote(tenant.tenant_id)} names this web address."
        " Add it to the app's Authorized JavaScript Origins."
    )
    return error_response(403, "access_denied", text)


def _not_here() -> Response:
    return error_response(404, "invalid_request", "the authorization server has no such address")
