"""The caller: an API key in the Authorization header, checked before a body is read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.api.problems import answer_error
from ionport.api.services import ApiServices, serving
from ionport.core.errors import IonportError, TooLarge, Unauthenticated
from ionport.core.http.bodies import announces_more, bounded
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.secrets import Secret
from ionport.core.telemetry import bind
from ionport.identity.api_keys.model import ApiCaller, ApiScope
from ionport.identity.model import Actor
from ionport.store import OrganizationScope

PUBLIC_PATHS: Final = frozenset({"/api/v1/openapi.json"})
_SCHEME: Final = "bearer "
_MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a program: whose key, and so whose documents."""

    caller: ApiCaller

    @property
    def scope(self) -> OrganizationScope:
        """What the user may see of the key's organization: the only one whose rows are seen."""
        return self.actor.scope_in(self.caller.key.organization_id)

    @property
    def actor(self) -> Actor:
        """The user whose key it is."""
        return self.caller.actor

    @property
    def key_id(self) -> str:
        """The id of the API key."""
        return self.caller.key.id


def allowed(scope: ApiScope) -> Any:
    """Return the dependency that gives the `Call` to a route, for keys with `scope` alone."""

    def call(request: Request) -> Call:
        caller = request.state.caller
        if not isinstance(caller, ApiCaller):
            raise TypeError("a route was reached without its guard")
        caller.require(scope)
        return Call(caller)

    return Depends(call)


class KeyGuard:
    """ASGI middleware: recognises the key, counts the call, bounds the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("ionport.request_id", new_id("req"))
        limits: dict[str, str] = {}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("X-Content-Type-Options", "nosniff")
                for name, value in limits.items():
                    headers[name] = value
            await send(message)

        try:
            if scope["path"] not in PUBLIC_PATHS:
                caller = await self._recognised(scope)
                scope.setdefault("state", {})["caller"] = caller
                serving(scope).limit.count(caller.key.id, limits)
            receive = self._bounded(scope, receive)
        except IonportError as error:
            response = answer_error(error, request_id)
            await response(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    async def _recognised(self, scope: Scope) -> ApiCaller:
        headers = Headers(scope=scope)
        authorization = headers.get("authorization", "")
        if not authorization.lower().startswith(_SCHEME):
            raise Unauthenticated(
                _("Send an API key: Authorization: Bearer iok_…"), code="api_key_missing"
            )
        secret = Secret(authorization[len(_SCHEME) :].strip())
        client = HTTPConnection(scope).client
        caller = await run_in_threadpool(
            _find, serving(scope).services, secret, client.host if client else None
        )
        bind(organization=caller.key.organization_id)
        return caller

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        headers = Headers(scope=scope)
        has_files = headers.get("content-type", "").startswith("multipart/form-data")
        limit = serving(scope).services.max_request_bytes if has_files else _MEGABYTE

        def too_large() -> TooLarge:
            return TooLarge(
                _("This is more than {mb} MB at once.").format(mb=max(1, limit // _MEGABYTE))
            )

        if announces_more(headers.get("content-length", "0"), limit):
            raise too_large()
        return bounded(receive, limit, too_large)


def _find(services: ApiServices, secret: Secret, address: str | None) -> ApiCaller:
    with services.database.read() as work:
        caller = services.api_keys.caller_for(work, secret, address)
    if services.api_keys.needs_touch(caller.key):
        with services.database.write() as work:
            services.api_keys.touch(work, caller.key)
    return caller


def digest_of(*parts: bytes | str) -> str:
    """Return the digest of a request: the SHA-256 of its parts and their lengths."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
