"""The pages as one ASGI application."""

from __future__ import annotations

from collections.abc import Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from ionport.web.middleware.frame import Frame
from ionport.web.middleware.guard import Guard
from ionport.web.middleware.programs import PageAddresses
from ionport.web.pages.account import account, authorize
from ionport.web.pages.api_suites import documentation as api_documentation
from ionport.web.pages.api_suites import endpoints as api_endpoints
from ionport.web.pages.api_suites import files as api_suite_files
from ionport.web.pages.api_suites import policies as api_policies
from ionport.web.pages.api_suites import suites as api_suites
from ionport.web.pages.authorized_apps import apps as authorized_apps
from ionport.web.pages.authorized_apps import files as app_files
from ionport.web.pages.authorized_apps import form as app_form
from ionport.web.pages.authorized_apps import security as app_upkeep
from ionport.web.pages.authorized_apps import token_tools
from ionport.web.pages.control import faults as control_faults
from ionport.web.pages.control import keys as control_keys
from ionport.web.pages.control import state as control_state
from ionport.web.pages.documents import documents
from ionport.web.pages.documents import export as document_export
from ionport.web.pages.exports import activation as export_activation
from ionport.web.pages.exports import configurations as exports
from ionport.web.pages.exports import connections, deliveries
from ionport.web.pages.general import home, manual, settings, theme
from ionport.web.pages.ion_desk import (
    acknowledgements,
    connection_points,
    data_lake,
    document_flows,
)
from ionport.web.pages.sandbox import coverage, idm_types, inspector, inspector_erp
from ionport.web.pages.tenant import configuration, saml_issuers, service_accounts, users
from ionport.web.rendering.assets import FOLDER, VersionedFiles
from ionport.web.rendering.templating import error_page
from ionport.web.state import Services


def create_web_app(
    services: Services,
    *,
    allowed_hosts: Collection[str],
    secure_cookies: bool,
    api_url: str = "",
) -> Starlette:
    """Return the pages of the sides that `services` has.

    `allowed_hosts` are the names (without port) that the server answers to; `secure_cookies` is
    on when people reach it by https. `api_url` is the gateway's origin, for programs that have an
    address wrong.
    """
    routes = _routes(services)
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(PageAddresses, routes=routes, api_url=api_url),
            Middleware(
                Frame,
                allowed_hosts=allowed_hosts,
                error_page=error_page,
                scheme="https" if secure_cookies else "http",
            ),
            Middleware(Guard, services=services, secure_cookies=secure_cookies),
        ],
        exception_handlers={HTTPException: _raise_on},
    )


def _routes(services: Services) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Mount("/static", VersionedFiles(directory=FOLDER), name="static"),
        *home.ROUTES,
        *account.ROUTES,
        *manual.ROUTES,
        *theme.ROUTES,
    ]
    if services.apps is not None:
        routes += [
            *app_form.ROUTES,
            *authorized_apps.ROUTES,
            *app_files.ROUTES,
            *app_upkeep.ROUTES,
            *token_tools.ROUTES,
            *service_accounts.ROUTES,
            *users.ROUTES,
            *configuration.ROUTES,
            *saml_issuers.ROUTES,
        ]
    if services.custom_apis is not None:
        routes += [
            # Before the page of a suite: `import` is no id of one.
            *api_suite_files.ROUTES,
            *api_suites.ROUTES,
            *api_endpoints.ROUTES,
            *api_policies.ROUTES,
            *api_documentation.ROUTES,
        ]
    if services.approvals is not None:
        routes += authorize.ROUTES
    if services.documents is not None:
        routes += [*document_export.ROUTES, *documents.ROUTES]
        routes += [*settings.ROUTES, *exports.ROUTES, *export_activation.ROUTES]
        routes += connections.ROUTES
    if services.recorder is not None:
        routes += [*idm_types.ROUTES, *inspector.ROUTES, *inspector_erp.ROUTES, *coverage.ROUTES]
    if services.ion is not None:
        routes += [*connection_points.ROUTES, *document_flows.ROUTES, *acknowledgements.ROUTES]
        routes += data_lake.ROUTES
    if services.control is not None:
        routes += [*control_faults.ROUTES, *control_state.ROUTES, *control_keys.ROUTES]
    if services.deliveries is not None:
        routes += deliveries.ROUTES
    return routes


async def _raise_on(_request: Request, error: Exception) -> Response:
    """Leave errors to the frame, which knows how they look."""
    raise error
