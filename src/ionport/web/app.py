"""The pages as one ASGI application."""

from __future__ import annotations

from collections.abc import Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from ionport.web.middleware.frame import Frame
from ionport.web.middleware.guard import Guard
from ionport.web.middleware.programs import PageAddresses
from ionport.web.pages.account import account, authorize, openid, second_factor, second_step
from ionport.web.pages.account import links as account_links
from ionport.web.pages.account import sessions as account_sessions
from ionport.web.pages.api_suites import built_in as built_in_apis
from ionport.web.pages.api_suites import documentation as api_documentation
from ionport.web.pages.api_suites import endpoints as api_endpoints
from ionport.web.pages.api_suites import files as api_suite_files
from ionport.web.pages.api_suites import policies as api_policies
from ionport.web.pages.api_suites import send as api_send
from ionport.web.pages.api_suites import suites as api_suites
from ionport.web.pages.authorized_apps import apps as authorized_apps
from ionport.web.pages.authorized_apps import files as app_files
from ionport.web.pages.authorized_apps import form as app_form
from ionport.web.pages.authorized_apps import security as app_security
from ionport.web.pages.authorized_apps import token_tools
from ionport.web.pages.connections import connections, endpoints, targets
from ionport.web.pages.connections import files as connection_files
from ionport.web.pages.connections import limits as connection_limits
from ionport.web.pages.connections import pauses as connection_pauses
from ionport.web.pages.control import faults as control_faults
from ionport.web.pages.control import keys as control_keys
from ionport.web.pages.control import state as control_state
from ionport.web.pages.deliveries import arrivals, deliveries, dry_run, errors, replay
from ionport.web.pages.deliveries import attempts as delivery_attempts
from ionport.web.pages.deliveries import files as delivery_files
from ionport.web.pages.documents import alternate_export, dashboard
from ionport.web.pages.documents import choosing as document_choosing
from ionport.web.pages.documents import correct as document_correct
from ionport.web.pages.documents import decisions as document_decisions
from ionport.web.pages.documents import export as document_export
from ionport.web.pages.documents import invoice as document_invoice
from ionport.web.pages.documents import upload as document_upload
from ionport.web.pages.documents.document import order as document_order
from ionport.web.pages.documents.document import page as document_page
from ionport.web.pages.documents.listing import bulk as document_bulk
from ionport.web.pages.documents.listing import files as documents_files
from ionport.web.pages.documents.listing import list as document_list
from ionport.web.pages.documents.listing import views as document_views
from ionport.web.pages.export_settings import activation as export_activation
from ionport.web.pages.export_settings import configurations as exports
from ionport.web.pages.export_settings import mend
from ionport.web.pages.export_settings import transfer as export_transfer
from ionport.web.pages.general import home, language, manual, settings, theme
from ionport.web.pages.ion_desk import (
    acknowledgements,
    connection_points,
    data_lake,
    document_flows,
)
from ionport.web.pages.mappings import acceptance as mapping_acceptance
from ionport.web.pages.mappings import conversion as mapping_conversion
from ionport.web.pages.mappings import file as mapping_file
from ionport.web.pages.mappings import form as mapping_form
from ionport.web.pages.mappings import listing as mapping_files
from ionport.web.pages.mappings import switch as mapping_switch
from ionport.web.pages.mappings import versions as mapping_versions
from ionport.web.pages.organization import api_keys, audit_log, groups, organization
from ionport.web.pages.organization import users as colleagues
from ionport.web.pages.sandbox import coverage, idm_types, inspector, inspector_ln, inspector_m3
from ionport.web.pages.settings import (
    alerts,
    companies,
    document_company,
    document_type_effects,
    retention,
    supplier_fetch,
    suppliers,
    watched_folders,
    webhooks,
)
from ionport.web.pages.settings import document_types as types_of_documents
from ionport.web.pages.tenant import audit_log as tenant_audit_log
from ionport.web.pages.tenant import (
    configuration,
    saml_issuers,
    service_accounts,
    user_access,
    users,
)
from ionport.web.rendering.assets import FOLDER, VersionedFiles
from ionport.web.rendering.templating import error_page
from ionport.web.services import Services, Sides


def create_web_app(
    services: Services,
    sides: Sides,
    *,
    allowed_hosts: Collection[str],
    secure_cookies: bool,
    api_url: str = "",
    gateway: ASGIApp | None = None,
) -> Starlette:
    """Return the pages of the sides that run here.

    `allowed_hosts` are the names (without port) that the server answers to; `secure_cookies` is
    on when people reach it by https. `api_url` is the gateway's origin, for programs that call a
    wrong address. `gateway` takes the calls that pages of the Infor side send.
    """
    routes = _routes(sides)
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(PageAddresses, routes=routes, api_url=api_url),
            Middleware(
                Frame,
                allowed_hosts=allowed_hosts,
                error_page=error_page,
                scheme="https" if secure_cookies else "http",
            ),
            Middleware(
                Guard,
                services=services,
                secure_cookies=secure_cookies,
                has_organizations=sides.documents is not None,
            ),
        ],
        exception_handlers={HTTPException: _raise_on},
    )
    app.state.sides = sides
    app.state.gateway = gateway
    return app


def _routes(sides: Sides) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Mount("/static", VersionedFiles(directory=FOLDER), name="static"),
        *home.ROUTES,
        *account.ROUTES,
        *account_links.ROUTES,
        *account_sessions.ROUTES,
        *second_step.ROUTES,
        *openid.ROUTES,
        *second_factor.ROUTES,
        *manual.ROUTES,
        *theme.ROUTES,
        *language.ROUTES,
    ]
    if sides.infor is not None:
        routes += _infor_routes()
    if sides.documents is not None:
        routes += [*_document_routes(), *_settings_routes(), *_export_routes()]
    if sides.sandbox is not None:
        routes += _sandbox_routes()
    return routes


def _infor_routes() -> list[BaseRoute]:
    return [
        *app_form.ROUTES,
        *authorized_apps.ROUTES,
        *app_files.ROUTES,
        *app_security.ROUTES,
        *token_tools.ROUTES,
        *service_accounts.ROUTES,
        *users.ROUTES,
        *user_access.ROUTES,
        *tenant_audit_log.ROUTES,
        *configuration.ROUTES,
        *saml_issuers.ROUTES,
        # Before the page of a suite: `import` and `send` are no ids of one.
        *api_suite_files.ROUTES,
        *api_send.ROUTES,
        *built_in_apis.ROUTES,
        *api_suites.ROUTES,
        *api_endpoints.ROUTES,
        *api_policies.ROUTES,
        *api_documentation.ROUTES,
        *authorize.ROUTES,
    ]


def _document_routes() -> list[BaseRoute]:
    return [
        *dashboard.ROUTES,
        # Before the page of a document: `bulk` and `upload` are no ids of one.
        *document_list.ROUTES,
        *document_upload.ROUTES,
        *document_bulk.ROUTES,
        *documents_files.ROUTES,
        *document_views.ROUTES,
        *document_choosing.ROUTES,
        *document_export.ROUTES,
        *alternate_export.ROUTES,
        *document_correct.ROUTES,
        *document_decisions.ROUTES,
        *document_company.ROUTES,
        *document_invoice.ROUTES,
        *document_page.ROUTES,
        *document_order.ROUTES,
    ]


def _settings_routes() -> list[BaseRoute]:
    return [
        *settings.ROUTES,
        *companies.ROUTES,
        *supplier_fetch.ROUTES,
        *suppliers.ROUTES,
        *watched_folders.ROUTES,
        *retention.ROUTES,
        *webhooks.ROUTES,
        *alerts.ROUTES,
        *types_of_documents.ROUTES,
        *document_type_effects.ROUTES,
        *api_keys.ROUTES,
        *colleagues.ROUTES,
        *groups.ROUTES,
        *organization.ROUTES,
        *audit_log.ROUTES,
    ]


def _export_routes() -> list[BaseRoute]:
    return [
        # Before the page of a file: `new` and `upload` are no ids of one.
        *mapping_files.ROUTES,
        *mapping_file.ROUTES,
        *mapping_form.ROUTES,
        *mapping_conversion.ROUTES,
        *mapping_acceptance.ROUTES,
        *mapping_versions.ROUTES,
        *mapping_switch.ROUTES,
        *export_transfer.ROUTES,
        *exports.ROUTES,
        *export_activation.ROUTES,
        *dry_run.ROUTES,
        *mend.ROUTES,
        *targets.ROUTES,
        *connection_files.ROUTES,
        *connection_limits.ROUTES,
        *connection_pauses.ROUTES,
        *connections.ROUTES,
        *endpoints.ROUTES,
        # Before the page of a delivery: `replay` is no id of one.
        *replay.ROUTES,
        *arrivals.ROUTES,
        *deliveries.ROUTES,
        *delivery_files.ROUTES,
        *delivery_attempts.ROUTES,
        *errors.ROUTES,
    ]


def _sandbox_routes() -> list[BaseRoute]:
    return [
        *idm_types.ROUTES,
        *inspector.ROUTES,
        *inspector_m3.ROUTES,
        *inspector_ln.ROUTES,
        *coverage.ROUTES,
        *connection_points.ROUTES,
        *document_flows.ROUTES,
        *acknowledgements.ROUTES,
        *data_lake.ROUTES,
        *control_faults.ROUTES,
        *control_state.ROUTES,
        *control_keys.ROUTES,
    ]


async def _raise_on(_request: Request, error: Exception) -> Response:
    """Raise the error again: the frame renders it."""
    raise error
