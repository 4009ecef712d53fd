"""Puts adapters together: one `House` of ready services for the server, the commands and tests.

Imports no page: `asgi` hands the services to them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import make_url

from ionport.connections.service import ConnectionService
from ionport.core.blobs import Blobs, FolderBlobs
from ionport.core.clock import Clock, SystemClock
from ionport.core.sealing import KeyRing, load_or_create_key_ring
from ionport.documents.service import DocumentService
from ionport.exports.deliveries import DeliveryService
from ionport.exports.runner import DeliveryRunner
from ionport.exports.service import ConfigurationConnectionUse, ExportConfigurationService
from ionport.exports.timing import ExportTiming
from ionport.exports.workflow import DeliveryEngine, EngineOptions, sqlite_system_url
from ionport.gateway.addresses import TargetPolicy
from ionport.gateway.custom import CustomSuites
from ionport.gateway.directory import SuiteDirectory
from ionport.gateway.policy_service import ApiPolicyService, DocumentationService
from ionport.gateway.service import ApiSuiteService
from ionport.gateway.upstream import Upstream
from ionport.identity.audit import AuditLog
from ionport.identity.members import MemberService
from ionport.identity.model import Organization, Tenant
from ionport.identity.passwords import Passwords
from ionport.identity.service import IdentityService
from ionport.identity.sessions import SessionService
from ionport.identity.setup import SetupService
from ionport.mappings.service import MappingService
from ionport.migrations import upgrade
from ionport.oauth.access_tokens import AccessTokens
from ionport.oauth.account_service import ServiceAccountService
from ionport.oauth.app_security import AppSecurityService
from ionport.oauth.approval import ApprovalService
from ionport.oauth.clean_up import CleanUp
from ionport.oauth.clients import Clients
from ionport.oauth.endpoints import Endpoints
from ionport.oauth.introspection import IntrospectionService
from ionport.oauth.keys import SigningKeys, environment_stamp
from ionport.oauth.service import AuthorizedAppService
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant_service import TenantSettingsService
from ionport.oauth.token_tools import TokenToolsService
from ionport.oauth.tokens import TokenService
from ionport.oauth.verifier import AccessTokenVerifier
from ionport.sandbox.control.inspection import InspectionService
from ionport.sandbox.control.recorder import RecorderService
from ionport.settings import Settings
from ionport.store import Database, sqlite_url


@dataclass(frozen=True, slots=True)
class CustomApis:
    """API suites of the tenants' own, and the proxy that serves them."""

    suites: ApiSuiteService
    policies: ApiPolicyService
    documentation: DocumentationService
    proxy: CustomSuites


@dataclass(frozen=True, slots=True)
class InforSide:
    """The services of the Infor side."""

    endpoints: Endpoints
    signing_keys: SigningKeys
    apps: AuthorizedAppService
    tokens: TokenService
    app_security: AppSecurityService
    approvals: ApprovalService
    introspection: IntrospectionService
    service_accounts: ServiceAccountService
    tenant_settings: TenantSettingsService
    token_tools: TokenToolsService
    verifier: AccessTokenVerifier
    clean_up: CleanUp
    custom_apis: CustomApis
    recorder: RecorderService
    inspection: InspectionService


@dataclass(frozen=True, slots=True)
class DocumentSide:
    """The services of the document side."""

    documents: DocumentService
    connections: ConnectionService
    mappings: MappingService
    configurations: ExportConfigurationService
    deliveries: DeliveryService
    runner: DeliveryRunner


@dataclass(frozen=True, slots=True)
class House:
    """Everything a process needs, opened on one data folder."""

    settings: Settings
    database: Database
    clock: Clock
    keys: KeyRing
    blobs: Blobs
    audit: AuditLog
    identity: IdentityService
    sessions: SessionService
    setup: SetupService
    members: MemberService
    tenant: Tenant
    organization: Organization
    infor: InforSide | None
    documents: DocumentSide | None

    def delivery_engine(self, options: EngineOptions | None = None) -> DeliveryEngine:
        """Return the engine that runs deliveries; whoever launches it closes it."""
        if self.documents is None:
            raise ValueError("the Infor side runs no deliveries")
        engine = DeliveryEngine(
            self.database,
            _system_database_url(self.settings),
            self.documents.runner,
            self.clock,
            concurrency=self.settings.export_concurrency,
            options=options,
        )
        self.documents.deliveries.wake = engine.wake
        return engine

    def close(self) -> None:
        """Give back the connections to Infor and to the database."""
        if self.documents is not None:
            self.documents.runner.close()
        self.database.close()


def open_house(
    settings: Settings, *, clock: Clock | None = None, timing: ExportTiming | None = None
) -> House:
    """Open the data folder: keys, database (brought up to date), first tenant, organization.

    Raises:
        Unavailable: the key ring cannot be read, or the database is newer than this program.
    """
    clock = clock or SystemClock()
    settings.data.mkdir(parents=True, exist_ok=True)
    keys = load_keys(settings)
    database = Database(_database_url(settings))
    upgrade(database)
    blobs = FolderBlobs(settings.data / "blobs")
    audit = AuditLog(clock)
    passwords = Passwords()
    identity = IdentityService(clock, audit, passwords)
    with database.write() as work:
        tenant = identity.ensure_tenant(work, settings.tenant)
        organization = identity.ensure_organization(work, settings.organization)
    return House(
        settings=settings,
        database=database,
        clock=clock,
        keys=keys,
        blobs=blobs,
        audit=audit,
        identity=identity,
        sessions=SessionService(clock, keys, audit, identity, passwords),
        setup=SetupService(clock, keys, audit, identity),
        members=MemberService(clock, audit, identity),
        tenant=tenant,
        organization=organization,
        infor=_infor_side(settings, database, clock, keys, blobs, audit, tenant)
        if settings.side.has_infor
        else None,
        documents=_document_side(
            settings, database, clock, keys, blobs, audit, identity, timing or ExportTiming()
        )
        if settings.side.has_documents
        else None,
    )


def load_keys(settings: Settings) -> KeyRing:
    """Return the key ring of `IONPORT_KEYS`, or of the key file (made when there is none)."""
    if settings.keys:
        return KeyRing.from_text(settings.keys.reveal())
    return load_or_create_key_ring(settings.key_file)


def _infor_side(
    settings: Settings,
    database: Database,
    clock: Clock,
    keys: KeyRing,
    blobs: Blobs,
    audit: AuditLog,
    tenant: Tenant,
) -> InforSide:
    endpoints = Endpoints(settings.origin, settings.gateway_origin)
    signing_keys = SigningKeys(keys, clock)
    access_tokens = AccessTokens(clock, endpoints, signing_keys)
    states = TokenStates()
    clients = Clients(keys, endpoints)
    keeps_secrets = settings.client_secrets == "kept"
    tokens = TokenService(clock, keys, access_tokens, states, clients)
    return InforSide(
        endpoints=endpoints,
        signing_keys=signing_keys,
        apps=AuthorizedAppService(
            clock,
            keys,
            endpoints,
            audit,
            states,
            environment_stamp=environment_stamp(tenant.created_at),
            keep_client_secrets=keeps_secrets,
        ),
        tokens=tokens,
        app_security=AppSecurityService(
            clock, keys, endpoints, audit, states, keep_client_secrets=keeps_secrets
        ),
        approvals=ApprovalService(clock, keys, endpoints, audit, tokens, states),
        introspection=IntrospectionService(clock, keys, access_tokens, clients),
        service_accounts=ServiceAccountService(clock, keys, audit, states),
        tenant_settings=TenantSettingsService(clock, audit, states),
        token_tools=TokenToolsService(clock, endpoints, access_tokens),
        verifier=AccessTokenVerifier(database, access_tokens, states),
        clean_up=CleanUp(clock, signing_keys),
        custom_apis=_custom_apis(settings, database, clock, keys, audit),
        recorder=RecorderService(blobs),
        inspection=InspectionService(blobs),
    )


def _custom_apis(
    settings: Settings, database: Database, clock: Clock, keys: KeyRing, audit: AuditLog
) -> CustomApis:
    policy = TargetPolicy(allow_private=settings.allow_private_addresses)
    suites = ApiSuiteService(
        clock,
        keys,
        audit,
        gateway_url=settings.gateway_origin,
        policy=policy,
        # The directory asks the service for addresses, and forgets what the service changes.
        changed=lambda: directory.forget(),
    )
    directory = SuiteDirectory(database, keys, public_address=suites.public_address)
    return CustomApis(
        suites=suites,
        policies=ApiPolicyService(clock, audit, changed=directory.forget),
        documentation=DocumentationService(clock, audit),
        proxy=CustomSuites(directory, Upstream(policy), clock),
    )


def _document_side(
    settings: Settings,
    database: Database,
    clock: Clock,
    keys: KeyRing,
    blobs: Blobs,
    audit: AuditLog,
    identity: IdentityService,
    timing: ExportTiming,
) -> DocumentSide:
    documents = DocumentService(clock, blobs, audit)
    mappings = MappingService(clock, audit)
    connections = ConnectionService(
        clock,
        keys,
        audit,
        allow_private_addresses=settings.allow_private_addresses,
        uses=ConfigurationConnectionUse(),
    )
    return DocumentSide(
        documents=documents,
        connections=connections,
        mappings=mappings,
        configurations=ExportConfigurationService(clock, audit, connections, mappings, identity),
        deliveries=DeliveryService(clock, audit, documents, wake=None),
        runner=DeliveryRunner(
            database, blobs, clock, connections, documents, mappings, timing=timing
        ),
    )


def _database_url(settings: Settings) -> str:
    if not settings.database_url:
        return sqlite_url(settings.data / "ionport.db")
    url = make_url(settings.database_url).set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def _system_database_url(settings: Settings) -> str:
    """Where the workflow engine keeps its own state: losing it loses nothing (decision 4)."""
    if settings.database_url:
        return _database_url(settings)
    return sqlite_system_url(settings.data)
