"""Puts the document side together: documents, connections, mappings and exports on one database."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from ionport.connections.nightly import NightlyProofs
from ionport.connections.service import ConnectionService
from ionport.connections.suppliers.service import SupplierFetching
from ionport.core.blobs import Blobs
from ionport.core.clock import BootClock
from ionport.core.mail.session import Mailer
from ionport.core.sealing import KeyRing
from ionport.documents.alerts.outbox import AlertOutbox
from ionport.documents.alerts.sender import AlertSender, SpeechOf
from ionport.documents.alerts.service import AlertService
from ionport.documents.bulk.decisions import decision_steps, judge_step
from ionport.documents.bulk.model import BulkAction
from ionport.documents.bulk.runner import BulkRunner
from ionport.documents.bulk.service import BulkService
from ionport.documents.companies.service import CompanyService
from ionport.documents.intake.limits import IntakeLimits
from ionport.documents.intake.ports import Scanner
from ionport.documents.intake.receiving import Receiver
from ionport.documents.intake.sources.inboxes import Inboxes
from ionport.documents.intake.sources.runner import SourceRunner
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
from ionport.documents.webhooks.outbox import Outbox
from ionport.documents.webhooks.ports import EachOfEvents
from ionport.documents.webhooks.sender import WebhookSender
from ionport.documents.webhooks.service import WebhookService
from ionport.exports.acknowledgements.polling import ErpPoller
from ionport.exports.acknowledgements.service import AcknowledgementService
from ionport.exports.archive import DocumentArchive
from ionport.exports.arrivals.service import ArrivalService
from ionport.exports.automatic.exporter import AutomaticExporter
from ionport.exports.bulk import export_step
from ionport.exports.configurations.connection_use import ConfigurationConnectionUse
from ionport.exports.configurations.mapping_uses import ConfigurationMappingUses
from ionport.exports.configurations.service import ExportConfigurationService
from ionport.exports.deliveries import DeliveryService
from ionport.exports.destinations.data_models import TenantDataModels
from ionport.exports.dry_run import DryRunService
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.error_queue.service import ErrorQueue, re_export_cause_step, retry_cause_step
from ionport.exports.fetching.service import FetchingService
from ionport.exports.pages.maker import PageMaker
from ionport.exports.replay import ReplayService, replay_step
from ionport.exports.timing import ExportTiming
from ionport.identity.api_keys.answers import Answers
from ionport.identity.api_keys.service import ApiKeyService
from ionport.identity.audit import AuditLog
from ionport.identity.service import IdentityService
from ionport.ionapi.addresses import AddressPolicy
from ionport.mappings.service import MappingService
from ionport.store import Database


@dataclass(frozen=True)
class _Messages:
    """What tells others of documents."""

    webhooks: WebhookService
    webhook_sender: WebhookSender
    alerts: AlertService
    alert_sender: AlertSender


@dataclass(frozen=True)
class _Intake:
    """How documents come in."""

    receiver: Receiver
    sources: SourceService
    source_runner: SourceRunner
    waiting: WaitingUploads | None


@dataclass(frozen=True)
class _ManyDocuments:
    """What is done with many documents at once."""

    bulk: BulkService
    bulk_runner: BulkRunner
    replays: ReplayService
    arrivals: ArrivalService
    error_queue: ErrorQueue
    list_files: ListFileService
    list_file_runner: ListFileRunner


@dataclass(frozen=True)
class _Exports:
    """Where documents go, and how."""

    connections: ConnectionService
    nightly_proofs: NightlyProofs
    mappings: MappingService
    configurations: ExportConfigurationService
    dry_runs: DryRunService
    deliveries: DeliveryService
    runner: DeliveryRunner
    fetching: FetchingService
    acknowledgements: AcknowledgementService
    erp_poller: ErpPoller
    automatic_exporter: AutomaticExporter
    archive: DocumentArchive


@dataclass(frozen=True)
class DocumentSide(_Messages, _Intake, _ManyDocuments, _Exports):
    """The services of the document side."""

    api_keys: ApiKeyService
    answers: Answers
    documents: DocumentService
    companies: CompanyService
    suppliers: SupplierService
    supplier_fetching: SupplierFetching
    types: TypeSettingsService
    list_settings: ListSettingsService
    readable_pages: ReadablePageService
    pictures: PictureService
    pages: PageMaker
    retention: RetentionService


@dataclass(frozen=True, slots=True)
class _Given:
    """What the services are made of."""

    database: Database
    clock: BootClock
    keys: KeyRing
    blobs: Blobs
    audit: AuditLog
    identity: IdentityService
    addresses: AddressPolicy
    timing: ExportTiming


def open_document_side(
    database: Database,
    clock: BootClock,
    keys: KeyRing,
    blobs: Blobs,
    audit: AuditLog,
    identity: IdentityService,
    *,
    addresses: AddressPolicy,
    timing: ExportTiming,
    limits: IntakeLimits | None = None,
    scanner: Scanner | None = None,
    intake_root: Path | None = None,
    export_root: Path | None = None,
    waiting_folder: Path | None = None,
    origin: str = "",
    speech_of: SpeechOf = lambda _language: None,
) -> DocumentSide:
    """Return the services on an open database.

    `addresses` is the policy for Infor's addresses and those of webhooks; links in webhooks begin
    with `origin`. `speech_of` returns the texts of a language for mails.
    """
    given = _Given(database, clock, keys, blobs, audit, identity, addresses, timing)
    messages, events = _messages(given, origin, speech_of)
    documents = DocumentService(clock, blobs, audit, limits=limits, scanner=scanner, events=events)
    readable_pages = ReadablePageService(database, documents, blobs, clock)
    exports = _exports(given, documents, readable_pages, export_root)
    return DocumentSide(
        **vars(messages),
        **vars(_intake(given, documents, intake_root, waiting_folder)),
        **vars(_many_documents(given, documents, exports.deliveries)),
        **vars(exports),
        api_keys=ApiKeyService(clock, keys, audit),
        answers=Answers(database, clock),
        documents=documents,
        companies=CompanyService(clock, audit, identity),
        suppliers=(suppliers := SupplierService(clock, audit)),
        supplier_fetching=SupplierFetching(database, clock, exports.connections, suppliers),
        types=documents.review.types,
        list_settings=ListSettingsService(),
        readable_pages=readable_pages,
        pictures=PictureService(database, documents, blobs),
        pages=PageMaker(database, readable_pages, exports.mappings),
        retention=RetentionService(database, clock, audit, blobs, documents, readable_pages),
    )


def _messages(given: _Given, origin: str, speech_of: SpeechOf) -> tuple[_Messages, EachOfEvents]:
    """Return webhooks and alerts, and what they are told of."""
    clock, keys, audit, addresses = given.clock, given.keys, given.audit, given.addresses
    outbox = Outbox(origin)
    sender = WebhookSender(given.database, clock, keys, audit, addresses)
    outbox.wake = sender.wake
    alerts = AlertSender(given.database, clock, keys, Mailer(addresses), origin, speech_of)
    services = _Messages(
        webhooks=WebhookService(clock, keys, audit, addresses, outbox, sender),
        webhook_sender=sender,
        alerts=AlertService(clock, keys, audit, addresses, alerts),
        alert_sender=alerts,
    )
    return services, EachOfEvents(outbox, AlertOutbox(alerts.wake))


def _intake(
    given: _Given, documents: DocumentService, root: Path | None, waiting_folder: Path | None
) -> _Intake:
    database, clock = given.database, given.clock
    receiver = Receiver(database, documents, given.audit)
    locks = (waiting_folder or Path(tempfile.gettempdir())).parent / "intake-locks"
    inboxes = Inboxes(given.keys, given.addresses, locks)
    limit = documents.limits.file_bytes
    return _Intake(
        receiver=receiver,
        sources=SourceService(clock, given.audit, root, inboxes),
        source_runner=SourceRunner(database, clock, receiver, max_bytes=limit, inboxes=inboxes),
        waiting=WaitingUploads(database, clock, waiting_folder) if waiting_folder else None,
    )


def _many_documents(
    given: _Given, documents: DocumentService, deliveries: DeliveryService
) -> _ManyDocuments:
    """Return bulk actions, with what each does with one document, and lists as files."""
    database, clock, audit = given.database, given.clock, given.audit
    steps = {
        BulkAction.EXPORT: export_step(deliveries),
        BulkAction.REPLAY: replay_step(deliveries),
        BulkAction.RETRY: retry_cause_step(deliveries),
        BulkAction.RE_EXPORT: re_export_cause_step(deliveries),
        BulkAction.JUDGE: judge_step(documents.anew),
        **decision_steps(documents.decisions),
    }
    bulk = BulkService(clock, audit)
    list_files = ListFileService(database, clock, audit, documents)
    return _ManyDocuments(
        bulk=bulk,
        bulk_runner=BulkRunner(database, clock, steps),
        replays=ReplayService(bulk),
        arrivals=ArrivalService(clock, audit, documents, deliveries, given.timing),
        error_queue=ErrorQueue(bulk),
        list_files=list_files,
        list_file_runner=ListFileRunner(database, clock, list_files),
    )


def _exports(
    given: _Given,
    documents: DocumentService,
    readable_pages: ReadablePageService,
    root: Path | None,
) -> _Exports:
    database, clock, keys = given.database, given.clock, given.keys
    blobs, audit, timing = given.blobs, given.audit, given.timing
    mappings = MappingService(clock, audit, ConfigurationMappingUses())
    uses = ConfigurationConnectionUse()
    connections = ConnectionService(
        clock, keys, audit, policy=given.addresses, uses=uses, export_root=root
    )
    configurations = ExportConfigurationService(clock, audit, connections, mappings, given.identity)
    deliveries = DeliveryService(clock, audit, documents, timing=timing)
    acknowledgements = AcknowledgementService(clock, keys, audit, connections, documents)
    return _Exports(
        connections=connections,
        nightly_proofs=NightlyProofs(database, clock, connections, documents.events.tell),
        mappings=mappings,
        configurations=configurations,
        dry_runs=DryRunService(
            database,
            clock,
            documents,
            connections,
            configurations,
            mappings,
            readable_pages,
            TenantDataModels(database, connections),
            blobs.get,
        ),
        deliveries=deliveries,
        runner=DeliveryRunner(
            database, blobs, clock, connections, documents, mappings, timing=timing
        ),
        fetching=FetchingService(
            database, clock, blobs, documents, lambda: deliveries.wake and deliveries.wake()
        ),
        acknowledgements=acknowledgements,
        erp_poller=ErpPoller(database, clock, blobs, connections, acknowledgements, timing),
        automatic_exporter=AutomaticExporter(database, clock, documents.review.types, deliveries),
        archive=DocumentArchive(database, documents, deliveries, blobs),
    )
