"""Puts adapters together: one `Application` of ready services for server, commands and tests.

Imports no page: `asgi` hands the services to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from ionport.core.blobs import Blobs, FolderBlobs
from ionport.core.clock import BootClock, SystemClock
from ionport.core.errors import Unavailable
from ionport.core.files import make_private_folder, take_from_others, try_writing
from ionport.core.i18n import _
from ionport.core.sealing import KeyRing, create_key_ring, load_key_ring
from ionport.document_side import DocumentSide, open_document_side
from ionport.exports.engine.engine import DeliveryEngine
from ionport.exports.engine.queues.port import EngineOptions
from ionport.exports.engine.setup import build_engine
from ionport.exports.timing import ExportTiming
from ionport.identity.audit import AuditLog
from ionport.identity.members import MemberService
from ionport.identity.model import Organization, Tenant
from ionport.identity.passwords import Passwords
from ionport.identity.service import IdentityService
from ionport.identity.sessions import SessionService
from ionport.identity.setup import SetupService
from ionport.infor_side import InforOptions, InforSide
from ionport.ionapi.addresses import AddressPolicy
from ionport.migrations import upgrade
from ionport.settings import Settings
from ionport.store import Database, has_sealed_values, sqlite_url

# What tells a data folder from any other, and which of its files other users may not read.
_KNOWN_FILES: Final = ("ionport.db", "keys.json", "blobs", "ionport.toml")
_PRIVATE_FILES: Final = ("ionport.*", "keys.json*", "dbos.sqlite*", "*.ionapi", "blobs")


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
    tenant: Tenant
    organization: Organization
    infor: InforSide | None
    documents: DocumentSide | None

    def delivery_engine(self, options: EngineOptions | None = None) -> DeliveryEngine:
        """Return the engine that runs deliveries; who launches it closes it."""
        if self.documents is None:
            raise ValueError("the Infor side runs no deliveries")
        engine = build_engine(
            self.database,
            self.documents.runner,
            self.clock,
            self.settings.data,
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


def open_application(
    settings: Settings, *, clock: BootClock | None = None, timing: ExportTiming | None = None
) -> Application:
    """Open the data folder: keys, database (brought up to date), first tenant, organization.

    Raises:
        Unavailable: the folder cannot be written, the key ring is lost or cannot be read, the
            database cannot be reached or is newer than this program.
    """
    clock = clock or SystemClock()
    timing = timing or ExportTiming(
        gateway_timeout=settings.gateway_timeout, search_lag=settings.search_lag
    )
    prepare_folder(settings.data)
    database = Database(database_url(settings))
    try:
        with _naming_the_database(settings):
            keys = load_keys(settings, database)
            upgrade(database)
    except BaseException:
        database.close()
        raise
    blobs = FolderBlobs(settings.data / "blobs")
    audit = AuditLog(clock)
    passwords = Passwords()
    identity = IdentityService(clock, audit, passwords)
    with database.write() as work:
        tenant = identity.ensure_tenant(work, settings.tenant)
        organization = identity.ensure_organization(work, settings.organization)
    return Application(
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
        documents=open_document_side(
            database,
            clock,
            keys,
            blobs,
            audit,
            identity,
            addresses=_address_policy(settings),
            timing=timing,
        )
        if settings.side.has_documents
        else None,
    )


def prepare_folder(folder: Path) -> None:
    """Make the data folder, or take the rights of others away from the one that is there.

    Raises:
        Unavailable: it cannot be made or written.
    """
    try:
        make_private_folder(folder, _KNOWN_FILES)
        take_from_others(folder, _PRIVATE_FILES)
        try_writing(folder)
    except OSError as error:
        raise Unavailable(
            _(
                "The data folder {path} cannot be written: {reason}. Give this user the right to"
                " write there, or choose another folder with --data or IONPORT_DATA."
            ).format(path=folder.absolute(), reason=error.strerror or type(error).__name__),
            code="data_folder_not_writable",
            detail=str(error),
        ) from error


def load_keys(settings: Settings, database: Database) -> KeyRing:
    """Return the key ring of `IONPORT_KEYS`, or of the key file (made at the first start).

    Raises:
        Unavailable: it cannot be read; or the file is gone and the database has sealed values,
            which no other ring opens.
    """
    if settings.keys:
        return KeyRing.from_text(settings.keys.reveal())
    if (found := load_key_ring(settings.key_file)) is not None:
        return found
    with database.read() as work:
        is_lost = has_sealed_values(work.connection)
    if is_lost:
        raise Unavailable(
            _(
                "The key file {path} is missing, and the database holds secrets that only its keys"
                " open. Restore that file from a backup ({name}.previous is the one before the"
                " last rotation), or set IONPORT_KEYS."
            ).format(path=settings.key_file.absolute(), name=settings.key_file.name),
            code="key_ring_lost",
        )
    return create_key_ring(settings.key_file)


@contextmanager
def _naming_the_database(settings: Settings) -> Iterator[None]:
    """Turn a database that cannot be used at the start into an error that says which."""
    try:
        yield
    except OperationalError as error:
        url = make_url(database_url(settings))
        reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        raise Unavailable(
            _("The database {name} cannot be used: {reason}").format(
                name=url.render_as_string(hide_password=True), reason=reason
            ),
            code="database_unavailable",
            detail=str(error.orig),
        ) from error


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


def database_url(settings: Settings) -> str:
    """Return the URL of the database that the settings name."""
    if not settings.database_url:
        return sqlite_url(settings.data / "ionport.db")
    url = make_url(settings.database_url).set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)
