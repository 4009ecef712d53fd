"""Puts adapters together: one `Application` of ready services for server, commands and tests.

Imports no page: `asgi` hands the services to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ionport.core.blobs import Blobs
from ionport.core.clock import BootClock, SystemClock
from ionport.core.i18n import Speech
from ionport.core.scanning import Clamd
from ionport.core.sealing import KeyRing
from ionport.data_folder import (
    LEARNED_FOLDER,
    load_keys,
    nothing_here,
    opened_database,
    prepare_folder,
    require_data_folder,
    stored_files,
)
from ionport.document_side import DocumentSide, open_document_side
from ionport.documents.intake.limits import MEGABYTE, IntakeLimits
from ionport.documents.invoice.reading.limits import ReadingLimits
from ionport.exports.engine.engine import DeliveryEngine
from ionport.exports.engine.queues.port import EngineOptions
from ionport.exports.engine.setup import build_engine
from ionport.exports.timing import ExportTiming
from ionport.identity.accounts.service import AccountService
from ionport.identity.audit import AuditLog
from ionport.identity.groups.service import GroupService
from ionport.identity.members.rights import RightsService
from ionport.identity.members.service import MemberService
from ionport.identity.model import Organization, Tenant
from ionport.identity.openid.model import ProviderSettings
from ionport.identity.openid.provider import Provider
from ionport.identity.openid.service import OpenIdService
from ionport.identity.passwords import Passwords
from ionport.identity.second_factor.service import SecondFactorService
from ionport.identity.service import IdentityService
from ionport.identity.sessions import SessionService
from ionport.identity.setup import SetupService
from ionport.infor_side import InforOptions, InforSide
from ionport.ionapi.addresses import AddressPolicy
from ionport.migrations import current_revision, newest_revision, require_current, upgrade
from ionport.settings import Settings, host_and_port
from ionport.store import Database
from ionport.tenant_tools.learn.folder import learn_all, take_over


@dataclass(frozen=True, slots=True)
class Application:
    """Everything a process needs, opened on one data folder."""

    settings: Settings
    database: Database
    clock: BootClock
    keys: KeyRing
    blobs: Blobs
    audit: AuditLog
    identity: IdentityService
    sessions: SessionService
    setup: SetupService
    members: MemberService
    groups: GroupService
    rights: RightsService
    accounts: AccountService
    factors: SecondFactorService
    openid: OpenIdService | None
    tenant: Tenant
    organization: Organization
    infor: InforSide | None
    documents: DocumentSide | None

    def delivery_engine(self, options: EngineOptions | None = None) -> DeliveryEngine:
        """Return the engine that runs deliveries; the caller that launches it closes it."""
        if self.documents is None:
            raise ValueError("the Infor side runs no deliveries")
        engine = build_engine(
            self.database,
            self.documents.runner,
            self.clock,
            self.settings.data,
            concurrency=self.settings.export_concurrency,
            over_one_connection=self.settings.connection_concurrency,
            knows_schema=lambda: current_revision(self.database) == newest_revision(),
            options=options,
        )
        self.documents.deliveries.wake = engine.wake
        return engine

    def close(self) -> None:
        """Close the connections to Infor, to receivers of webhooks and to the database."""
        if self.documents is not None:
            self.documents.runner.close()
            self.documents.webhook_sender.close()
        if self.openid is not None:
            self.openid.close()
        self.database.close()


def open_application(
    settings: Settings, *, clock: BootClock | None = None, timing: ExportTiming | None = None
) -> Application:
    """Open the data folder for a server: what is missing is made, an older schema is upgraded.

    That is the key ring, the database, the first tenant and the first organization.

    Raises:
        Unavailable: the folder cannot be written, the key ring is lost or cannot be read, the
            database cannot be reached or is newer than this program.
    """
    clock = clock or SystemClock()
    prepare_folder(settings.data)
    with opened_database(settings) as database:
        keys = load_keys(settings, database)
        upgrade(database)
        audit = AuditLog(clock)
        identity = IdentityService(clock, audit, Passwords())
        with database.write() as work:
            tenant = identity.ensure_tenant(work, settings.tenant)
            organization = identity.ensure_organization(work, settings.organization)
    return _application(settings, database, clock, keys, tenant, organization, timing)


def open_existing(settings: Settings) -> Application:
    """Open the data folder for a command: nothing is made and no schema is upgraded.

    The tenant is the one that the settings name, or the first one.

    Raises:
        Unavailable: there is no data folder, its schema is older or newer than this program's, or
            as `open_application`.
    """
    require_data_folder(settings)
    prepare_folder(settings.data)
    clock = SystemClock()
    with opened_database(settings) as database:
        require_current(database)
        keys = load_keys(settings, database, makes_new=False)
        identity = IdentityService(clock, AuditLog(clock), Passwords())
        with database.read() as work:
            tenants = identity.list_tenants(work)
            organizations = identity.list_organizations(work)
    if not tenants or not organizations:
        raise nothing_here(settings)
    named = [tenant for tenant in tenants if tenant.id == settings.tenant]
    return _application(
        settings, database, clock, keys, (named or tenants)[0], organizations[0], timing=None
    )


def _application(
    settings: Settings,
    database: Database,
    clock: BootClock,
    keys: KeyRing,
    tenant: Tenant,
    organization: Organization,
    timing: ExportTiming | None,
) -> Application:
    blobs = stored_files(settings)
    audit = AuditLog(clock)
    passwords = Passwords()
    identity = IdentityService(clock, audit, passwords)
    factors = SecondFactorService(clock, keys, audit, is_required=settings.require_second_factor)
    sessions = SessionService(clock, keys, audit, identity, passwords, factors)
    members = MemberService(audit, identity)
    groups = GroupService(clock, audit)
    return Application(
        settings=settings,
        database=database,
        clock=clock,
        keys=keys,
        blobs=blobs,
        audit=audit,
        identity=identity,
        sessions=sessions,
        setup=SetupService(clock, keys, audit, identity),
        members=members,
        groups=groups,
        rights=RightsService(audit, identity, members, groups),
        accounts=AccountService(clock, keys, audit, identity, members, sessions, factors),
        factors=factors,
        openid=_openid(settings, clock, keys, audit, identity, sessions, tenant, organization),
        tenant=tenant,
        organization=organization,
        infor=_infor_side(
            settings,
            InforSide(_infor_options(settings), database, clock, keys, blobs, audit, tenant),
            tenant,
        )
        if settings.side.has_infor
        else None,
        documents=_document_side(settings, database, clock, keys, blobs, audit, identity, timing)
        if settings.side.has_documents
        else None,
    )


def _document_side(
    settings: Settings,
    database: Database,
    clock: BootClock,
    keys: KeyRing,
    blobs: Blobs,
    audit: AuditLog,
    identity: IdentityService,
    timing: ExportTiming | None,
) -> DocumentSide:
    return open_document_side(
        database,
        clock,
        keys,
        blobs,
        audit,
        identity,
        addresses=_address_policy(settings),
        timing=timing
        or ExportTiming(gateway_timeout=settings.gateway_timeout, search_lag=settings.search_lag),
        limits=_intake_limits(settings),
        scanner=_scanner(settings),
        waiting_folder=settings.data / "waiting",
        origin=settings.origin,
        speech_of=_speech_of,
        intake_root=Path(settings.intake_root) if settings.intake_root else None,
        export_root=Path(settings.export_root) if settings.export_root else None,
    )


def _speech_of(language: str) -> Speech | None:
    # The catalogues are read with Babel, which commands need not load.
    from ionport.web.locales import speech_of

    return speech_of(language)


def _openid(
    settings: Settings,
    clock: BootClock,
    keys: KeyRing,
    audit: AuditLog,
    identity: IdentityService,
    sessions: SessionService,
    tenant: Tenant,
    organization: Organization,
) -> OpenIdService | None:
    if not settings.openid_issuer:
        return None
    provider = ProviderSettings(
        issuer=settings.openid_issuer,
        client_id=settings.openid_client_id,
        client_secret=settings.openid_secret(),
        name=settings.openid_name or urlsplit(settings.openid_issuer).hostname or "",
        domains=settings.openid_domain_names,
        creates_users=settings.openid_creates_users,
    )
    return OpenIdService(
        clock,
        keys,
        audit,
        identity,
        sessions,
        Provider(provider, _address_policy(settings), clock),
        redirect_uri=f"{settings.origin}/sign-in/openid/return",
        tenant_id=tenant.id,
        organization_id=organization.id,
    )


def _address_policy(settings: Settings) -> AddressPolicy:
    return AddressPolicy(
        allow_private=settings.allow_private_addresses, allow_loopback=settings.allows_loopback
    )


def _intake_limits(settings: Settings) -> IntakeLimits:
    return IntakeLimits(
        file_bytes=settings.max_file_mb * MEGABYTE,
        files=settings.max_upload_files,
        invoice=ReadingLimits(
            lines=settings.max_invoice_lines,
            attachments=settings.max_attachments,
            xml_bytes=settings.max_file_mb * MEGABYTE,
        ),
    )


def _scanner(settings: Settings) -> Clamd | None:
    address = host_and_port(settings.clamd)
    return None if address is None else Clamd(*address)


def _infor_side(settings: Settings, infor: InforSide, tenant: Tenant) -> InforSide:
    """Return the Infor side with what was learned of a tenant in this data folder."""
    learned = settings.data / LEARNED_FOLDER
    take_over(learned, tenant.id)
    if infor.options.has_sandbox:
        learn_all(infor.own, learned)
    return infor


def _infor_options(settings: Settings) -> InforOptions:
    return InforOptions(
        origin=settings.origin,
        gateway_origin=settings.gateway_origin,
        keep_client_secrets=settings.client_secrets == "kept",
        addresses=_address_policy(settings),
        unused_grant_days=settings.unused_grant_days,
        has_sandbox=settings.sandbox,
        enforces_acls=settings.sandbox_acls,
    )
