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
from ionport.identity.audit import AuditLog
from ionport.identity.members import MemberService
from ionport.identity.model import Organization, Tenant
from ionport.identity.passwords import Passwords
from ionport.identity.service import IdentityService
from ionport.identity.sessions import SessionService
from ionport.identity.setup import SetupService
from ionport.ionapi.addresses import AddressPolicy
from ionport.mappings.service import MappingService
from ionport.migrations import upgrade
from ionport.sandbox.infor_side import InforOptions, InforSide
from ionport.settings import Settings
from ionport.store import Database, sqlite_url


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
        infor=InforSide(_infor_options(settings), database, clock, keys, blobs, audit, tenant)
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


def _address_policy(settings: Settings) -> AddressPolicy:
    return AddressPolicy(
        allow_private=settings.allow_private_addresses, allow_loopback=settings.allows_loopback
    )


def _infor_options(settings: Settings) -> InforOptions:
    return InforOptions(
        origin=settings.origin,
        gateway_origin=settings.gateway_origin,
        keep_client_secrets=settings.client_secrets == "kept",
        addresses=_address_policy(settings),
        unused_grant_days=settings.unused_grant_days,
        has_sandbox=settings.sandbox,
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
        policy=_address_policy(settings),
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
