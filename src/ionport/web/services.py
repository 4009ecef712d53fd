"""The services that pages use: those of every side, and one typed set for each side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from starlette.requests import Request
from starlette.types import ASGIApp

from ionport.core.clock import Clock
from ionport.identity.accounts.service import AccountService
from ionport.identity.audit import AuditLog
from ionport.identity.groups.service import GroupService
from ionport.identity.members.rights import RightsService
from ionport.identity.members.service import MemberService
from ionport.identity.openid.service import OpenIdService
from ionport.identity.second_factor.service import SecondFactorService
from ionport.identity.service import IdentityService
from ionport.identity.sessions import SessionService
from ionport.identity.setup import SetupService
from ionport.store import Database

if TYPE_CHECKING:
    from ionport.connections.service import ConnectionService
    from ionport.connections.suppliers.service import SupplierFetching
    from ionport.documents.alerts.service import AlertService
    from ionport.documents.bulk.runner import BulkRunner
    from ionport.documents.bulk.service import BulkService
    from ionport.documents.companies.service import CompanyService
    from ionport.documents.intake.receiving import Receiver
    from ionport.documents.intake.sources.service import SourceService
    from ionport.documents.intake.sources.waiting import WaitingUploads
    from ionport.documents.list_files.runner import ListFileRunner
    from ionport.documents.list_files.service import ListFileService
    from ionport.documents.readable_pages.pictures import PictureService
    from ionport.documents.readable_pages.service import ReadablePageService
    from ionport.documents.retention.service import RetentionService
    from ionport.documents.service import DocumentService
    from ionport.documents.suppliers.service import SupplierService
    from ionport.documents.type_settings.service import TypeSettingsService
    from ionport.documents.views.service import ListSettingsService
    from ionport.documents.webhooks.service import WebhookService
    from ionport.exports.acknowledgements.service import AcknowledgementService
    from ionport.exports.archive import DocumentArchive
    from ionport.exports.arrivals.service import ArrivalService
    from ionport.exports.configurations.service import ExportConfigurationService
    from ionport.exports.deliveries import DeliveryService
    from ionport.exports.dry_run import DryRunService
    from ionport.exports.error_queue.service import ErrorQueue
    from ionport.exports.replay import ReplayService
    from ionport.gateway.custom_apis import CustomApis
    from ionport.identity.api_keys.service import ApiKeyService
    from ionport.mappings.service import MappingService
    from ionport.oauth.accounts.service import ServiceAccountService
    from ionport.oauth.apps.security import AppSecurityService
    from ionport.oauth.apps.service import AuthorizedAppService
    from ionport.oauth.authorize.service import ApprovalService
    from ionport.oauth.grants.saml.service import SamlIssuerService
    from ionport.oauth.tenant.endpoints import Endpoints
    from ionport.oauth.tenant.service import TenantSettingsService
    from ionport.oauth.tokens.tools import TokenToolsService
    from ionport.sandbox.control.inspection import InspectionService
    from ionport.sandbox.control.plane import ControlPlane
    from ionport.sandbox.control.recorder.service import RecorderService
    from ionport.sandbox.idm.datamodel.administration import DocumentTypeService
    from ionport.sandbox.kit.coverage import Registry
    from ionport.sandbox.messaging.ionservices import Ion


Side = TypeVar("Side")


@dataclass(frozen=True, slots=True)
class Services:
    """What the pages of every side use."""

    database: Database
    clock: Clock
    identity: IdentityService
    sessions: SessionService
    setup: SetupService
    audit: AuditLog
    members: MemberService
    groups: GroupService
    rights: RightsService
    accounts: AccountService
    factors: SecondFactorService
    openid: OpenIdService | None = None
    origin: str = ""
    max_upload_mb: int = 64
    max_upload_files: int = 50
    has_public_manual: bool = True


@dataclass(frozen=True, slots=True)
class InforServices:
    """What the pages of the Infor side use."""

    apps: AuthorizedAppService
    app_security: AppSecurityService
    approvals: ApprovalService
    service_accounts: ServiceAccountService
    tenant_settings: TenantSettingsService
    saml_issuers: SamlIssuerService
    token_tools: TokenToolsService
    custom_apis: CustomApis
    endpoints: Endpoints


@dataclass(frozen=True, slots=True)
class SandboxServices:
    """What the pages of the sandbox use: inspector, ION Desk, control plane."""

    recorder: RecorderService
    inspection: InspectionService
    registry: Registry
    control: ControlPlane
    ion: Ion
    document_types: DocumentTypeService


@dataclass(frozen=True, slots=True)
class DocumentServices:
    """What the pages of the document side use."""

    api_keys: ApiKeyService
    documents: DocumentService
    companies: CompanyService
    suppliers: SupplierService
    supplier_fetching: SupplierFetching
    types: TypeSettingsService
    sources: SourceService
    waiting: WaitingUploads | None
    receiver: Receiver
    readable_pages: ReadablePageService
    pictures: PictureService
    archive: DocumentArchive
    retention: RetentionService
    list_settings: ListSettingsService
    bulk: BulkService
    bulk_runner: BulkRunner
    list_files: ListFileService
    list_file_runner: ListFileRunner
    connections: ConnectionService
    mappings: MappingService
    configurations: ExportConfigurationService
    dry_runs: DryRunService
    deliveries: DeliveryService
    error_queue: ErrorQueue
    replays: ReplayService
    arrivals: ArrivalService
    acknowledgements: AcknowledgementService
    webhooks: WebhookService
    alerts: AlertService


@dataclass(frozen=True, slots=True)
class Sides:
    """The sides that run here; None for one that is off, which then has no pages either."""

    infor: InforServices | None = None
    sandbox: SandboxServices | None = None
    documents: DocumentServices | None = None


def sides_of(request: Request) -> Sides:
    """Return the sides whose pages the application serves."""
    sides = request.app.state.sides
    if not isinstance(sides, Sides):
        raise TypeError("a page was reached outside of the application of the pages")
    return sides


def infor_of(request: Request) -> InforServices:
    """Return the services of the Infor side, for its pages."""
    return _running(sides_of(request).infor)


def sandbox_of(request: Request) -> SandboxServices:
    """Return the services of the sandbox, for its pages."""
    return _running(sides_of(request).sandbox)


def documents_of(request: Request) -> DocumentServices:
    """Return the services of the document side, for its pages."""
    return _running(sides_of(request).documents)


def gateway_of(request: Request) -> ASGIApp:
    """Return the API gateway of this process, for pages of the Infor side."""
    return cast(ASGIApp, _running(request.app.state.gateway))


def _running(side: Side | None) -> Side:
    if side is None:
        raise TypeError("a page was reached of a side that is off")
    return side
