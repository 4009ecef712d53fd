"""The Infor side over HTTP: its apps, put together, and which of them answers a path.

The path is read by hand and not by a table of `core/http/endpoints.py`: each API call pays for
this choice, which needs the part after the tenant alone, and the gateway has no rows. What the
authorization server answers stands in its own table, which is asked behind this choice.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.core.telemetry import ROUTE_KEY, bind
from ionport.gateway.caller import CUSTOM_CONTEXT
from ionport.gateway.proxy.app import Gateway
from ionport.infor_side import InforSide
from ionport.oauth.http.answers import error_response
from ionport.oauth.http.app import AuthorizationApp
from ionport.oauth.http.routes import WELL_KNOWN, AuthorizationServer
from ionport.oauth.tenant.endpoints import PATHS
from ionport.sandbox.app import backends
from ionport.sandbox.control.controls.faults import AUTHORIZATION_SERVER
from ionport.sandbox.control.gate import FaultGate, FaultyServer
from ionport.sandbox.control.recorder.wire import Naming, RecordedApp
from ionport.sandbox.kit.operations import UNKNOWN_OPERATION
from ionport.store import DATABASE_AWAY, Database, database_away

# An address of the authorization server, such as `token.oauth2`.
_OPERATION: Final = re.compile(r"[a-z_-]{1,40}(\.oauth2)?|connect/[a-z]{1,20}")
_logger = logging.getLogger(__name__)
_TENANT_PATH: Final = re.compile(r"/[A-Z0-9]+_(?:PRD|TST|TRN|DEV|DEM)/", re.IGNORECASE)
# Of the context of an API suite; counters take no more of it. No operation is longer.
_LONGEST_CONTEXT: Final = 40
_LONGEST_OPERATION: Final = 60
_WELL_KNOWN: Final = tuple(f"/.well-known/{document}/" for document in WELL_KNOWN)
_PAGES: Final = frozenset(paths.authorization for paths in PATHS.values())


@dataclass(frozen=True, slots=True)
class InforApps:
    """The apps that answer on `/{TENANT}/as/…` and on `/{TENANT}/…`."""

    authorization: ASGIApp
    gateway: ASGIApp


class AnsweredWhenAway:
    """The authorization server, which says so where the database was away (RFC 6749 §5.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_started = False

        async def noting(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except DATABASE_AWAY as error:
            away = database_away(error)
            if is_started or away is None:
                raise
            _logger.exception("the database was away")
            response = error_response(away.status, "temporarily_unavailable", away.text)
            response.headers["Retry-After"] = str(away.retry_after)
            await response(scope, receive, send)


class InforRouter:
    """Sends each request to the authorization server or to the gateway.

    The rest goes to `pages`, and so does GET of the authorization endpoint, as
    `/authorize/{TENANT}`: a person signs on and approves there. Without pages the gateway answers
    the rest. No page is named like a tenant id.
    """

    def __init__(self, apps: InforApps, pages: ASGIApp | None = None) -> None:
        self._authorization = apps.authorization
        self._gateway = apps.gateway
        self._pages = pages
        self._rest = pages or apps.gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._rest
        if scope["type"] == "http":
            app, scope = self._choose(scope)
        elif scope["type"] == "websocket":
            # No app here takes WebSockets: the gateway refuses them.
            app = self._gateway
        await app(scope, receive, send)

    def _choose(self, scope: Scope) -> tuple[ASGIApp, Scope]:
        """Return which app answers, and the scope that it gets; names the route for counters.

        API calls come first: they are many, and each check before them costs time.
        """
        path: str = scope["path"]
        tenant = _TENANT_PATH.match(path)
        if tenant is None:
            if not path.startswith(_WELL_KNOWN):
                return self._rest, scope
            scope[ROUTE_KEY] = "/.well-known/…"
            return self._authorization, scope
        start = tenant.end()
        if path.startswith("/", start):
            # Clients join `iu`, `ti` and a path that begins with a slash of its own.
            path = path[:start] + path[start:].lstrip("/")
            raw: bytes = scope.get("raw_path") or path.encode()
            scope = {**scope, "path": path, "raw_path": raw[:start] + raw[start:].lstrip(b"/")}
        bind(tenant=path[1 : start - 1].upper())
        context, slash, rest = path[start:].partition("/")
        scope[ROUTE_KEY] = _route_of_context(context[:_LONGEST_CONTEXT])
        if not slash or context.lower() != "as":
            return self._gateway, scope
        operation = rest[:_LONGEST_OPERATION].lower()
        scope[ROUTE_KEY] = _route_of_operation(operation)
        # A browser asks for the authorization endpoint by GET.
        if self._pages and scope["method"] in ("GET", "HEAD") and operation in _PAGES:
            page = f"/authorize/{tenant[0].strip('/').upper()}"
            return self._pages, {**scope, "path": page, "raw_path": page.encode()}
        return self._authorization, scope


# Clients call the same few again and again.
@lru_cache(1_000)
def _route_of_context(context: str) -> str:
    return f"/{{tenant}}/{context.lower()}"


@lru_cache(1_000)
def _route_of_operation(operation: str) -> str:
    is_known = _OPERATION.fullmatch(operation) is not None
    return f"/{{tenant}}/as/{operation if is_known else '…'}"


def infor_apps(side: InforSide, database: Database) -> InforApps:
    """Return the apps that answer machines; makes the first signing key when there is none."""
    side.signing_keys.ensure(database)
    server = AuthorizationServer(
        database=database,
        endpoints=side.endpoints,
        keys=side.signing_keys,
        tokens=side.tokens,
        introspection=side.introspection,
        settings=side.tenant_settings,
    )
    authorization: ASGIApp = AuthorizationApp(server, side.origins)
    built_in: Mapping[str, ASGIApp] = {}
    if side.options.has_sandbox:
        built_in = backends(
            side.imitated,
            database,
            side.recorder,
            side.control.infor_clock,
            side.control,
            side.own,
        )
        authorization = FaultyServer(authorization, FaultGate(database, side.control))
    authorization = AnsweredWhenAway(authorization)
    gateway = Gateway(
        built_in,
        side.verifier,
        custom=lambda: side.custom_apis.proxy,
        origins=side.origins,
        refusals=side.refusal_forms,
    )
    return recorded(side, database, InforApps(authorization, gateway))


def recorded(side: InforSide, database: Database, apps: InforApps) -> InforApps:
    """Return the apps with the recorder before them; the same ones where nothing is imitated."""
    if not side.options.has_sandbox:
        return apps
    contexts = {name.lower(): name for name in (*side.imitated.contexts, CUSTOM_CONTEXT)}

    def at_gateway(parts: list[str]) -> tuple[str, str]:
        context = contexts.get(parts[0].lower()) if parts else None
        return context or "Gateway", "proxied" if context == CUSTOM_CONTEXT else UNKNOWN_OPERATION

    def at_server(parts: list[str]) -> tuple[str, str]:
        known = parts[-1].lower() if parts else ""
        is_known = _OPERATION.fullmatch(known) is not None
        return AUTHORIZATION_SERVER, known if is_known else UNKNOWN_OPERATION

    def record(app: ASGIApp, naming: Naming) -> RecordedApp:
        clock = side.control.infor_clock
        return RecordedApp(app, naming, database=database, recorder=side.recorder, clock=clock)

    return InforApps(record(apps.authorization, at_server), record(apps.gateway, at_gateway))
