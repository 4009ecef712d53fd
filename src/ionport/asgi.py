"""The one ASGI application: sends each request to the door it belongs to.

    /{TENANT}/as/…    authorization server (any Host header), and its documents at /.well-known/…
    GET /{TENANT}/as/authorization.oauth2   a page: a person signs on and approves there
    /{TENANT}/…       API gateway, and behind it the sandbox (any Host header)
    /healthz          liveness, for process managers
    everything else   pages (Host is checked there)

The doors are told apart by the first part of the path: no page is named like a tenant id.
"""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.gateway.app import Gateway
from ionport.oauth.endpoints import PATHS
from ionport.oauth.routes import WELL_KNOWN, AuthorizationServer
from ionport.oauth.routes import routes as oauth_routes
from ionport.sandbox.app import backends
from ionport.web.app import create_web_app
from ionport.web.state import Services
from ionport.wiring import House

_WELL_KNOWN = tuple(f"/.well-known/{document}/" for document in WELL_KNOWN)
_PAGES = frozenset(f"as/{paths.authorization}" for paths in PATHS.values())
_TENANT_PATH = re.compile(r"/[A-Z0-9]+_(?:PRD|TST|TRN|DEV|DEM)/", re.IGNORECASE)


class Doors:
    """Chooses between the Infor side's machines' doors and the pages."""

    def __init__(self, *, authorization: ASGIApp | None, gateway: ASGIApp | None, pages: ASGIApp):
        self._authorization = authorization
        self._gateway = gateway
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = _authorization_page(scope) if self._authorization is not None else None
        if page is not None:
            scope = {**scope, "path": page, "raw_path": page.encode()}
        await self._choose(scope)(scope, receive, send)

    def _choose(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self._pages
        path: str = scope["path"]
        if path == "/healthz":
            return _healthz
        if self._authorization is None or self._gateway is None:
            return self._pages
        if path.startswith(_WELL_KNOWN):
            return self._authorization
        tenant = _TENANT_PATH.match(path)
        if tenant is None:
            return self._pages
        is_authorization = path[tenant.end() :].lower().startswith("as/")
        return self._authorization if is_authorization else self._gateway


def _authorization_page(scope: Scope) -> str | None:
    """Return the page behind the authorization endpoint, which a browser asks for by GET."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    tenant = _TENANT_PATH.match(scope["path"])
    if tenant is None or scope["path"][tenant.end() :].lower() not in _PAGES:
        return None
    return f"/authorize/{tenant[0].strip('/').upper()}"


async def _answer_ok(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n")


_healthz = Starlette(routes=[Route("/healthz", _answer_ok)])


def build_asgi(house: House) -> ASGIApp:
    """Build the application that serves the sides of `house`."""
    pages = create_web_app(
        _page_services(house),
        allowed_hosts=house.settings.allowed_hosts,
        secure_cookies=house.settings.is_https,
    )
    if house.infor is None:
        return Doors(authorization=None, gateway=None, pages=pages)
    house.infor.signing_keys.ensure(house.database)
    sandbox = backends(
        house.database, house.blobs, house.clock, gateway_url=house.settings.gateway_origin
    )
    return Doors(
        authorization=Starlette(
            routes=oauth_routes(
                AuthorizationServer(
                    database=house.database,
                    endpoints=house.infor.endpoints,
                    keys=house.infor.signing_keys,
                    tokens=house.infor.tokens,
                    introspection=house.infor.introspection,
                    settings=house.infor.tenant_settings,
                )
            )
        ),
        gateway=Gateway(sandbox, house.infor.verifier, custom=house.infor.custom_apis.proxy),
        pages=pages,
    )


def _page_services(house: House) -> Services:
    infor, documents = house.infor, house.documents
    return Services(
        database=house.database,
        clock=house.clock,
        identity=house.identity,
        sessions=house.sessions,
        setup=house.setup,
        audit=house.audit,
        members=house.members,
        apps=infor.apps if infor else None,
        app_security=infor.app_security if infor else None,
        approvals=infor.approvals if infor else None,
        service_accounts=infor.service_accounts if infor else None,
        tenant_settings=infor.tenant_settings if infor else None,
        token_tools=infor.token_tools if infor else None,
        recorder=infor.recorder if infor else None,
        inspection=infor.inspection if infor else None,
        documents=documents.documents if documents else None,
        connections=documents.connections if documents else None,
        mappings=documents.mappings if documents else None,
        configurations=documents.configurations if documents else None,
        deliveries=documents.deliveries if documents else None,
    )
