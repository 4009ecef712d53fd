"""What a page may use: the services that the composition hands in, and who is visiting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from starlette.datastructures import FormData
from starlette.requests import Request

from ionport.core.clock import Clock
from ionport.core.errors import Forbidden, NotFound, Unauthenticated
from ionport.core.i18n import _
from ionport.identity.audit import AuditLog
from ionport.identity.members import MemberService
from ionport.identity.model import Actor, Organization, Session
from ionport.identity.service import IdentityService
from ionport.identity.sessions import SessionService
from ionport.identity.setup import SetupService
from ionport.store import Database, OrganizationScope, TenantScope

if TYPE_CHECKING:
    from ionport.connections.service import ConnectionService
    from ionport.documents.service import DocumentService
    from ionport.exports.configurations.service import ExportConfigurationService
    from ionport.exports.deliveries import DeliveryService
    from ionport.gateway.custom_apis import CustomApis
    from ionport.mappings.service import MappingService
    from ionport.oauth.accounts.service import ServiceAccountService
    from ionport.oauth.apps.security import AppSecurityService
    from ionport.oauth.apps.service import AuthorizedAppService
    from ionport.oauth.authorize.service import ApprovalService
    from ionport.oauth.grants.saml.service import SamlIssuerService
    from ionport.oauth.tenant.service import TenantSettingsService
    from ionport.oauth.tokens.tools import TokenToolsService
    from ionport.sandbox.control.inspection import InspectionService
    from ionport.sandbox.control.plane import ControlPlane
    from ionport.sandbox.control.recorder.service import RecorderService
    from ionport.sandbox.idm.datamodel.administration import DocumentTypeService
    from ionport.sandbox.kit.coverage import Registry
    from ionport.sandbox.messaging.ionservices import Ion


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that pages use; the services of a side that is off are None."""

    database: Database
    clock: Clock
    identity: IdentityService
    sessions: SessionService
    setup: SetupService
    audit: AuditLog
    members: MemberService
    apps: AuthorizedAppService | None = None
    app_security: AppSecurityService | None = None
    approvals: ApprovalService | None = None
    service_accounts: ServiceAccountService | None = None
    tenant_settings: TenantSettingsService | None = None
    saml_issuers: SamlIssuerService | None = None
    token_tools: TokenToolsService | None = None
    custom_apis: CustomApis | None = None
    recorder: RecorderService | None = None
    inspection: InspectionService | None = None
    registry: Registry | None = None
    control: ControlPlane | None = None
    ion: Ion | None = None
    document_types: DocumentTypeService | None = None
    documents: DocumentService | None = None
    connections: ConnectionService | None = None
    mappings: MappingService | None = None
    configurations: ExportConfigurationService | None = None
    deliveries: DeliveryService | None = None


@dataclass(slots=True)
class Visit:
    """One request: who asks, and the form that came with it (checked against cross-site use)."""

    services: Services
    request_id: str
    address: str
    secure_cookies: bool
    csrf_token: str = ""
    session: Session | None = None
    organization: Organization | None = None
    form: FormData = field(default_factory=FormData)
    shows_flash: bool = False

    @property
    def actor(self) -> Actor:
        """The signed-in user; raises Unauthenticated."""
        return self.signed_in.actor

    @property
    def signed_in(self) -> Session:
        """The session; raises Unauthenticated."""
        if self.session is None:
            raise Unauthenticated(_("Sign in first."), code="signed_out")
        return self.session

    @property
    def tenants(self) -> list[str]:
        """The tenants that the user belongs to, by id."""
        if self.session is None:
            return []
        return sorted(tenant for tenant, _role in self.session.actor.tenant_roles)


def visit_of(request: Request) -> Visit:
    """Return the visit that the guard made for this request."""
    visit = request.state.visit
    if not isinstance(visit, Visit):
        raise TypeError("a page was reached without the guard")
    return visit


def needed(service: T | None) -> T:
    """Return a service of a side; raises NotFound when that side is off."""
    if service is None:
        raise NotFound(_("This side of ionport is not running here."))
    return service


def tenant_scope(request: Request) -> TenantScope:
    """Return the scope of the tenant in the path; NotFound unless the user belongs to it."""
    tenant_id = str(request.path_params["tenant"])
    if tenant_id not in visit_of(request).tenants:
        raise NotFound(_("There is no such tenant, or you do not belong to it."))
    return TenantScope(tenant_id)


def organization_scope(request: Request) -> OrganizationScope:
    """Return the scope of the user's organization; Forbidden when there is none."""
    organization = visit_of(request).organization
    if organization is None:
        raise Forbidden(
            _("You belong to no organization yet. Ask an administrator to add you."),
            code="no_organization",
        )
    return OrganizationScope(organization.id)
