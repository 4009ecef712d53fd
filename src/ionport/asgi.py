"""The one ASGI application: sends each request to the app that answers it.

    /{TENANT}/as/…    authorization server (any Host header), and its documents at /.well-known/…
    GET /{TENANT}/as/authorization.oauth2   a page: a person signs on and approves there
    /{TENANT}/…       API gateway, and behind it the sandbox (any Host header)
    /_control/…       the sandbox's control plane (Host is checked there)
    /api/v1/…         the JSON API of the document side (any Host header)
    /healthz          liveness: the process answers
    /readyz           readiness: it can do its work now
    everything else   pages (Host is checked there)

`serving.infor_http` tells the Infor side's paths from the others.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.application import Application
from ionport.core.http.proxies import TrustedProxies
from ionport.core.values.alike import taken_from
from ionport.document_side import DocumentSide
from ionport.exports.engine.engine import DeliveryEngine
from ionport.infor_side import InforSide
from ionport.migrations import newest_revision
from ionport.observe.metrics import MEDIA_TYPE, Metrics
from ionport.observe.readiness import Readiness
from ionport.observe.request_log import RequestLog
from ionport.sandbox.control.http.endpoint import PREFIX, ControlServer
from ionport.sandbox.control.http.routes import ControlApp
from ionport.serving.infor_http import InforRouter, infor_apps
from ionport.web.services import DocumentServices, InforServices, SandboxServices, Services, Sides

_CONTROL = f"{PREFIX}/"
_API = "/api/"
_HEALTH = frozenset(("/healthz", "/readyz", "/metrics"))


class PageRouter:
    """Sends each request that the Infor side leaves to control plane, API, health or pages."""

    def __init__(
        self,
        pages: ASGIApp,
        health: ASGIApp,
        control: ASGIApp | None = None,
        api: ASGIApp | None = None,
    ) -> None:
        self._pages = pages
        self._health = health
        self._control = control or ControlApp(None)
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._pages
        if scope["type"] == "http":
            path = scope["path"]
            if path.startswith(_CONTROL):
                app = self._control
            elif self._api is not None and path.startswith(_API):
                app = self._api
            elif path in _HEALTH:
                app = self._health
        await app(scope, receive, send)


async def _answer_ok(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n")


def health_app(readiness: Readiness, metrics: Metrics | None = None) -> ASGIApp:
    """Build the endpoints of process managers, load balancers and monitoring, for any Host."""

    def answer_metrics(_request: Request) -> PlainTextResponse:
        if metrics is None:
            return PlainTextResponse("Set IONPORT_METRICS=true to serve metrics.\n", 404)
        return PlainTextResponse(metrics.text(), media_type=MEDIA_TYPE)

    async def answer_ready(_request: Request) -> JSONResponse:
        look = await readiness.look()
        parts = {name: problem or "ok" for name, problem in look.parts.items()}
        status = "ready" if look.is_ready else "not ready"
        age = {} if look.sweep_age is None else {"seconds_since_sweep": round(look.sweep_age, 1)}
        return JSONResponse(
            {"status": status, "parts": parts, **age},
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


def build_asgi(application: Application, engine: DeliveryEngine | None = None) -> ASGIApp:
    """Build the application that serves the sides of `application`.

    `engine` is the one that this process runs: `/readyz` reports when it stands still.
    """
    readiness = Readiness(
        application.settings.data,
        application.database,
        application.clock,
        schema=newest_revision(),
        sweep_age=(lambda: engine.seconds_since_sweep) if engine else None,
    )
    metrics = None
    if application.settings.metrics:
        runner = application.documents.runner if application.documents else None
        metrics = Metrics(application.database, application.clock, runner)
    app: ASGIApp = RequestLog(_routed(application, health_app(readiness, metrics)))
    proxies = TrustedProxies.parse(application.settings.trusted_proxies)
    return ClientAddresses(app, proxies) if proxies else app


def _routed(application: Application, health: ASGIApp) -> ASGIApp:
    infor = application.infor
    apps = infor_apps(infor, application.database) if infor is not None else None
    pages = _pages(application, apps.gateway if apps else None)
    api = _api(application, application.documents) if application.documents else None
    if infor is None or apps is None:
        return PageRouter(pages, health, api=api)
    has_control = infor.options.has_sandbox
    control = ControlApp(_control_server(application, infor)) if has_control else None
    rest = PageRouter(pages, health, control, api)
    return InforRouter(apps, rest)


def _pages(application: Application, gateway: ASGIApp | None) -> ASGIApp:
    """Build the pages; without their packages (`ionport[testing]` alone) an answer that says so."""
    try:
        from ionport.web.app import create_web_app
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("ionport"):
            raise
        text = "The pages need more packages: pip install '.[server]' in the checkout of ionport.\n"
        return PlainTextResponse(text, 404)
    settings = application.settings
    return create_web_app(
        _page_services(application),
        page_sides(application.infor, application.documents),
        allowed_hosts=settings.allowed_hosts,
        secure_cookies=settings.is_https,
        api_url=settings.gateway_origin if application.infor is not None else "",
        gateway=gateway,
    )


def _api(application: Application, documents: DocumentSide) -> ASGIApp | None:
    """Build the JSON API; None without its packages (`ionport[testing]` alone)."""
    try:
        from ionport.api.app import create_api
        from ionport.api.services import ApiServices
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("ionport"):
            raise
        return None
    settings = application.settings
    return create_api(
        taken_from(
            ApiServices,
            documents,
            database=application.database,
            max_request_bytes=settings.max_upload_mb * 1024 * 1024,
            calls_per_minute=settings.api_calls_per_minute,
        )
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
    return taken_from(
        Services,
        application,
        origin=application.settings.origin,
        max_upload_mb=application.settings.max_upload_mb,
        max_upload_files=application.settings.max_upload_files,
        has_public_manual=application.settings.public_manual,
    )


def page_sides(infor: InforSide | None, documents: DocumentSide | None) -> Sides:
    """Return the services of the sides that run here, as their pages use them."""
    return Sides(
        infor=taken_from(InforServices, infor) if infor else None,
        sandbox=taken_from(SandboxServices, infor) if infor and infor.options.has_sandbox else None,
        documents=taken_from(DocumentServices, documents) if documents else None,
    )
