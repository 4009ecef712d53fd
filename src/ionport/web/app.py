"""The pages as one ASGI application."""

from __future__ import annotations

from collections.abc import Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from ionport.web.assets import FOLDER, VersionedFiles
from ionport.web.frame import Frame
from ionport.web.guard import Guard
from ionport.web.pages import (
    account,
    acknowledgements,
    api_documentation,
    api_endpoints,
    api_policies,
    api_suite_files,
    api_suites,
    app_files,
    app_form,
    app_upkeep,
    authorize,
    authorized_apps,
    configuration,
    connection_points,
    connections,
    control_faults,
    control_keys,
    control_state,
    coverage,
    data_lake,
    deliveries,
    document_export,
    document_flows,
    documents,
    export_activation,
    exports,
    home,
    idm_types,
    inspector,
    inspector_erp,
    manual,
    saml_issuers,
    service_accounts,
    settings,
    token_tools,
    users,
)
from ionport.web.programs import PageAddresses
from ionport.web.state import Services
from ionport.web.templating import error_page


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
