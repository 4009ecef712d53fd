"""The one ASGI application: sends each request to the door it belongs to.

    /{TENANT}/as/…    authorization server (any Host header), and its documents at /.well-known/…
    GET /{TENANT}/as/authorization.oauth2   a page: a person signs on and approves there
    /{TENANT}/…       API gateway, and behind it the sandbox (any Host header)
    /_control/…       the sandbox's control plane (Host is checked there)
    /healthz          liveness: the process answers
    /readyz           readiness: it can do its work now
    everything else   pages (Host is checked there)

The doors are told apart by the first part of the path: no page is named like a tenant id.
"""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.application import Application
from ionport.core.proxies import TrustedProxies
from ionport.infor_side import InforSide, machine_doors
from ionport.metrics import MEDIA_TYPE, Metrics
from ionport.oauth.http.routes import WELL_KNOWN
from ionport.oauth.tenant.endpoints import PATHS
from ionport.readiness import Readiness
from ionport.sandbox.control.http.endpoint import PREFIX, ControlServer
from ionport.sandbox.control.http.routes import control_app, control_app_switched_off
from ionport.web.app import create_web_app
from ionport.web.state import Services

_WELL_KNOWN = tuple(f"/.well-known/{document}/" for document in WELL_KNOWN)
_PAGES = frozenset(f"as/{paths.authorization}" for paths in PATHS.values())
_CONTROL = f"{PREFIX}/"
_HEALTH = frozenset(("/healthz", "/readyz", "/metrics"))
_TENANT_PATH = re.compile(r"/[A-Z0-9]+_(?:PRD|TST|TRN|DEV|DEM)/", re.IGNORECASE)


class Doors:
    """Chooses between the Infor side's machines' doors and the pages."""

    def __init__(
        self,
        *,
        authorization: ASGIApp | None,
        gateway: ASGIApp | None,
        pages: ASGIApp,
        health: ASGIApp | None = None,
        control: ASGIApp | None = None,
    ) -> None:
        self._authorization = authorization
        self._gateway = gateway
        self._pages = pages
        self._health = health or pages
        self._control = control or control_app_switched_off()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._pages
        if scope["type"] == "http":
            door, path = self._choose(scope["method"], scope["path"])
            if path is not None:
                scope = {**scope, "path": path, "raw_path": path.encode()}
        elif scope["type"] == "websocket" and self._gateway is not None:
            # Nothing here speaks it: the gateway knows how to say so.
            door = self._gateway
        await door(scope, receive, send)

    def _choose(self, method: str, path: str) -> tuple[ASGIApp, str | None]:
        """Return where a request belongs, and the path of the page that stands for its own.

        API calls come first: they are many, and each pays for what is asked before.
        """
        if self._authorization is None or self._gateway is None:
            return self._other(path), None
        tenant = _TENANT_PATH.match(path)
        if tenant is None:
            if path.startswith(_WELL_KNOWN):
                return self._authorization, None
            return self._other(path), None
        start = tenant.end()
        if path[start : start + 3].lower() != "as/":
            return self._gateway, None
        # A browser asks for the authorization endpoint by GET.
        if method in ("GET", "HEAD") and path[start:].lower() in _PAGES:
            return self._pages, f"/authorize/{tenant[0].strip('/').upper()}"
        return self._authorization, None

    def _other(self, path: str) -> ASGIApp:
        if path.startswith(_CONTROL):
            return self._control
        return self._health if path in _HEALTH else self._pages


async def _answer_ok(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n")


def health_app(readiness: Readiness, metrics: Metrics | None = None) -> ASGIApp:
    """Build what process managers, load balancers and monitoring ask, by any Host header."""

    def answer_metrics(_request: Request) -> PlainTextResponse:
        if metrics is None:
            return PlainTextResponse("Set IONPORT_METRICS=true to serve metrics.\n", 404)
        return PlainTextResponse(metrics.text(), media_type=MEDIA_TYPE)

    async def answer_ready(_request: Request) -> JSONResponse:
        look = await readiness.look()
        parts = {name: problem or "ok" for name, problem in look.parts.items()}
        return JSONResponse(
            {"status": "ready" if look.is_ready else "not ready", "parts": parts},
            status_code=200 if look.is_ready else 503,
            headers={"Cache-Control": "no-store"},
        )

    return Starlette(
        routes=[
            Route("/healthz", _answer_ok),
            Route("/readyz", answer_ready),
            Route("/metrics", answer_metrics),
        ]
    )


class ClientAddresses:
    """Tells every app behind it the address of the client where a trusted proxy stands between.

    Nothing else of a proxy's headers is used: addresses that ionport writes, and whether its
    cookies are for https alone, come from the settings.
    """

    def __init__(self, app: ASGIApp, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("client"):
            host = scope["client"][0]
            client = self._proxies.client_of(host, scope["headers"])
            if client != host:
                scope["client"] = (client, 0)
        await self._app(scope, receive, send)


def build_asgi(application: Application, *, runs_deliveries: bool = False) -> ASGIApp:
    """Build the application that serves the sides of `application`."""
    readiness = Readiness(
        application.settings.data,
        application.database,
        application.clock,
        runs_deliveries=runs_deliveries,
    )
    metrics = None
    if application.settings.metrics:
        timing = application.documents.runner.timing if application.documents else None
        metrics = Metrics(application.database, application.clock, timing)
    doors = _doors(application, health_app(readiness, metrics))
    proxies = TrustedProxies.parse(application.settings.trusted_proxies)
    return ClientAddresses(doors, proxies) if proxies else doors


def _doors(application: Application, health: ASGIApp) -> ASGIApp:
    pages = create_web_app(
        _page_services(application),
        allowed_hosts=application.settings.allowed_hosts,
        secure_cookies=application.settings.is_https,
        api_url=application.settings.gateway_origin if application.infor is not None else "",
    )
    if application.infor is None:
        return Doors(authorization=None, gateway=None, pages=pages, health=health)
    doors = machine_doors(application.infor, application.database)
    return Doors(
        authorization=doors.authorization,
        gateway=doors.gateway,
        pages=pages,
        health=health,
        control=control_app(_control_server(application, application.infor))
        if application.infor.options.has_sandbox
        else None,
    )


def _control_server(application: Application, infor: InforSide) -> ControlServer:
    return ControlServer(
        database=application.database,
        plane=infor.control,
        registry=infor.registry,
        recorder=infor.recorder,
        settings=infor.tenant_settings,
        allowed_hosts=application.settings.allowed_hosts,
    )


def _page_services(application: Application) -> Services:
    infor, documents = application.infor, application.documents
    sandbox = infor if infor and infor.options.has_sandbox else None
    return Services(
        database=application.database,
        clock=application.clock,
        identity=application.identity,
        sessions=application.sessions,
        setup=application.setup,
        audit=application.audit,
        members=application.members,
        apps=infor.apps if infor else None,
        app_security=infor.app_security if infor else None,
        approvals=infor.approvals if infor else None,
        service_accounts=infor.service_accounts if infor else None,
        tenant_settings=infor.tenant_settings if infor else None,
        saml_issuers=infor.saml_issuers if infor else None,
        token_tools=infor.token_tools if infor else None,
        custom_apis=infor.custom_apis if infor else None,
        recorder=sandbox.recorder if sandbox else None,
        inspection=sandbox.inspection if sandbox else None,
        ion=sandbox.ion if sandbox else None,
        control=sandbox.control if sandbox else None,
        document_types=sandbox.document_types if sandbox else None,
        registry=sandbox.registry if sandbox else None,
        documents=documents.documents if documents else None,
        connections=documents.connections if documents else None,
        mappings=documents.mappings if documents else None,
        configurations=documents.configurations if documents else None,
        deliveries=documents.deliveries if documents else None,
    )
