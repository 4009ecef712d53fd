"""The document side in this process, ready to export to an Infor side."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ionport.connections.intake import prepare_connection
from ionport.connections.model import Check, TargetKind
from ionport.connections.service import ConnectionService
from ionport.connections.targets.model import Target
from ionport.core.blobs import FolderBlobs
from ionport.core.clock import BootClock
from ionport.core.ids import new_id
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.review.model import Finding
from ionport.documents.samples import read_sample
from ionport.documents.service import DocumentService
from ionport.documents.webhooks.outbox import Outbox
from ionport.exports.configurations.connection_use import ConfigurationConnectionUse
from ionport.exports.configurations.model import (
    ConfigurationFields,
    ExportConfiguration,
    Switched,
)
from ionport.exports.configurations.service import (
    ExportConfigurationService,
)
from ionport.exports.deliveries import DeliveryService
from ionport.exports.destinations import destination_of
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import Attempt, AttemptState, Delivery, DeliveryDetail, ExportMethod
from ionport.exports.timing import ExportTiming
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.identity.passwords import Passwords
from ionport.identity.service import IdentityService
from ionport.ionapi.addresses import AddressPolicy
from ionport.mappings.intake import prepare_mapping, prepared_template
from ionport.mappings.model import MappingKind
from ionport.mappings.service import MappingService
from ionport.store import Database, OrganizationScope

OPERATOR = Actor.operator("test")
QUICK = ExportTiming(
    first_wait=0.05,
    longest_wait=0.2,
    gateway_timeout=0.4,
    search_lag=0.1,
    heartbeat=0.2,
    silent_after=2.0,
    pause=0.2,
    clock_error=0.0,
)


def was_unknown(attempt: Attempt) -> bool:
    """Whether the record of a call's answer was once missing."""
    return any(change.state is AttemptState.UNKNOWN for change in attempt.history)


@dataclass(slots=True)
class DocumentSide:
    """The services of the document side, wired as a server wires them."""

    database: Database
    clock: BootClock
    keys: KeyRing
    blobs: FolderBlobs
    audit: AuditLog
    identity: IdentityService
    documents: DocumentService
    mappings: MappingService
    connections: ConnectionService
    configurations: ExportConfigurationService
    deliveries: DeliveryService
    scope: OrganizationScope
    # One Infor side serves many tests: their invoices are not each other's doubles.
    supplier: str = field(default_factory=lambda: f"Supplier {new_id('sup')}")

    def runner(self, timing: ExportTiming = QUICK) -> DeliveryRunner:
        """A runner as another process would have it: with clients and an id of its own."""
        return DeliveryRunner(
            self.database,
            self.blobs,
            self.clock,
            self.connections,
            self.documents,
            self.mappings,
            timing=timing,
        )

    def receive(self, number: str = "471102") -> str:
        """Receive an invoice with this number; returns the document's id."""
        return self.add_document(f"{number}.xml", invoice(number, self.supplier))

    def add_document(self, name: str, content: bytes) -> str:
        """Receive a file; returns the document's id."""
        prepared = self.documents.prepare_receipt(self.scope, content, name)
        with self.database.write() as work:
            return self.documents.receive(Access(work, self.scope, OPERATOR), prepared).id

    def connect(self, credentials: dict[str, str]) -> str:
        """Upload a credential; returns the connection's id."""
        with self.database.write() as work:
            content = json.dumps(credentials).encode()
            return self.connections.upload(
                Access(work, self.scope, OPERATOR), "x.ionapi", prepare_connection(content)
            ).id

    def add_target(self, kind: TargetKind, parameters: Mapping[str, str], secret: str = "") -> str:
        """Add a connection that leads to no Infor tenant; returns its id."""
        prepared = self.connections.targets.prepare(Target(kind, parameters, Secret(secret)))
        with self.database.write() as work:
            access = Access(work, self.scope, OPERATOR)
            return self.connections.targets.add(access, f"{kind} target", prepared).id

    def change_target(
        self, connection_id: str, kind: TargetKind, parameters: Mapping[str, str], secret: str = ""
    ) -> None:
        """Change such a connection."""
        prepared = self.connections.targets.prepare(Target(kind, parameters, Secret(secret)))
        with self.database.write() as work:
            access = Access(work, self.scope, OPERATOR)
            self.connections.targets.change(access, connection_id, f"{kind} target", prepared)

    def prove(self, connection_id: str) -> Check:
        """Prove a connection, as Test connection does."""
        with self.database.write() as work:
            check = self.connections.start_check(Access(work, self.scope, OPERATOR), connection_id)
        return self.connections.run_check(self.database, self.scope, check.id)

    def retry(self, delivery_id: str) -> None:
        """Let a person try a delivery again."""
        with self.database.write() as work:
            self.deliveries.retry(Access(work, self.scope, OPERATOR), delivery_id)

    def add_mapping(
        self,
        kind: MappingKind,
        content: bytes | None = None,
        name: str = "",
        document_type: str = "INVOICE",
    ) -> str:
        """Add a mapping file, by default ionport's own; returns its id."""
        own_name, prepared = (
            prepared_template(kind, document_type)
            if content is None
            else (name, prepare_mapping(content, kind))
        )
        with self.database.write() as work:
            version = self.mappings.add(
                Access(work, self.scope, OPERATOR), name or own_name, prepared
            )
        return version.mapping_id

    def switch_to_newest(
        self, configuration_id: str, kind: MappingKind, mapping_id: str
    ) -> Switched:
        """Let a configuration use the newest version of its mapping file."""
        with self.database.write() as work:
            access = Access(work, self.scope, OPERATOR)
            newest = self.mappings.latest_version(access, mapping_id)
            return self.configurations.switch_version(access, configuration_id, kind, newest.id)

    def configure(
        self,
        connection_id: str,
        method: ExportMethod = ExportMethod.INFOR_IDM_BOD,
        *,
        idm: bytes | None = None,
        erp: bytes | None = None,
        options: Mapping[str, str] | None = None,
        mappings: Mapping[MappingKind, str] | None = None,
        title: str = "Invoices to Infor",
        accepts_at_least_once: bool = False,
        activate: bool = True,
        document_type: str = "INVOICE",
    ) -> ExportConfiguration:
        """Make an export configuration; `erp` is its mapping for M3 or LN.

        `mappings` are ids of mapping files that it may have beside those it needs.
        """
        contents = {MappingKind.IDM: idm, MappingKind.BOD: None}
        fields = ConfigurationFields(
            title=title,
            document_type=document_type,
            method=method,
            connection_id=connection_id,
            mappings={
                kind: self.add_mapping(
                    kind, contents.get(kind, erp), f"{kind} of {title}", document_type
                )
                for kind in destination_of(method).mapping_kinds
            }
            | dict(mappings or {}),
            options=options or {},
            accepts_at_least_once=accepts_at_least_once,
        )
        with self.database.write() as work:
            access = Access(work, self.scope, OPERATOR)
            made = self.configurations.create(access, fields)
            if activate:
                made = self.configurations.activate(access, made.id, reason="a test proves nothing")
        return made

    def export(self, document_id: str) -> Delivery:
        """Export a document through its one active configuration."""
        with self.database.write() as work:
            (delivery,) = self.deliveries.export(Access(work, self.scope, OPERATOR), document_id)
        return delivery

    def detail(self, delivery_id: str) -> DeliveryDetail:
        with self.database.read() as work:
            return self.deliveries.get(Access(work, self.scope, OPERATOR), delivery_id)

    def status(self, document_id: str) -> str:
        with self.database.read() as work:
            return str(self.documents.get(work.within(self.scope), document_id).status)

    def timeline(self, document_id: str) -> list[str]:
        with self.database.read() as work:
            return [e.text for e in self.documents.timeline(work.within(self.scope), document_id)]


def document_side(
    database: Database, folder: Path, clock: BootClock, keys: KeyRing | None = None
) -> DocumentSide:
    """Wire a document side with one organization on a database that has the schema."""
    keys = keys or KeyRing.generate()
    audit = AuditLog(clock)
    identity = IdentityService(clock, audit, Passwords(time_cost=1, memory_kib=8))
    with database.write() as work:
        organization = identity.ensure_organization(work, "Acme")
    blobs = FolderBlobs(folder)
    documents = DocumentService(clock, blobs, audit, events=Outbox("https://ionport.example"))
    mappings = MappingService(clock, audit)
    connections = ConnectionService(
        clock, keys, audit, policy=AddressPolicy(), uses=ConfigurationConnectionUse()
    )
    return DocumentSide(
        database=database,
        clock=clock,
        keys=keys,
        blobs=blobs,
        audit=audit,
        identity=identity,
        documents=documents,
        mappings=mappings,
        connections=connections,
        configurations=ExportConfigurationService(clock, audit, connections, mappings, identity),
        deliveries=DeliveryService(clock, audit, documents),
        scope=OrganizationScope(organization.id),
    )


def invoice(number: str, supplier: str = "Nordwerk Werkzeuge GmbH") -> bytes:
    """An invoice that ionport ships, under another number and of another supplier."""
    sample = read_sample("demo-invoice-ubl.xml").decode()
    start, end = sample.index("<cbc:ID>") + len("<cbc:ID>"), sample.index("</cbc:ID>")
    sample = f"{sample[:start]}{number}{sample[end:]}"
    for own in ("Nordwerk Werkzeuge GmbH", "70012"):
        sample = sample.replace(own, supplier)
    return sample.encode()


def holding(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that hold; that a new supplier's account is the first one is a note."""
    return [finding for finding in findings if finding.effect is Effect.HOLDS]


@contextmanager
def closing(runner: DeliveryRunner) -> Iterator[DeliveryRunner]:
    """Close a runner's sockets at the end of the block."""
    try:
        yield runner
    finally:
        runner.close()
