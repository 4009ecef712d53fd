"""The first step of a delivery: what its calls will send is rendered once and kept."""

from __future__ import annotations

from ionport.connections.service import ConnectionService
from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.documents.service import DocumentService
from ionport.exports.ledger_repository import LedgerRepository
from ionport.exports.model import Outcome, StepKind, StepStatus
from ionport.exports.records import SYSTEM, Held, Records
from ionport.exports.rendering import Renderer
from ionport.exports.repository import ConfigurationRepository
from ionport.mappings.model import BodEnvelope, MappingVersion
from ionport.mappings.service import MappingService
from ionport.store import Database


class RenderStep:
    """Reads what a delivery needs, renders outside any transaction, and stores the payloads."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: Clock,
        connections: ConnectionService,
        documents: DocumentService,
        mappings: MappingService,
        records: Records,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._connections = connections
        self._documents = documents
        self._mappings = mappings
        self._records = records
        self._renderer = Renderer()

    def run(self, held: Held) -> Held | Outcome:
        """Render with the newest version of each mapping; raises IonportError."""
        delivery, scope = held.delivery, held.scope
        with self._database.read() as work:
            document = self._documents.get(work, scope, delivery.document_id)
            configuration = ConfigurationRepository(work.connection).get_any(
                scope, delivery.configuration_id
            )
            connection = self._connections.shown(work, scope, delivery.connection_id)
            idm = self._mappings.latest_version(work, scope, configuration.idm_mapping_id)
            bod = None
            if StepKind.ION_PUBLISH in held.steps and configuration.bod_mapping_id:
                bod = self._mappings.latest_version(work, scope, configuration.bod_mapping_id)
        rendered = self._renderer.render(
            delivery,
            document,
            idm,
            bod,
            accepts_at_least_once=configuration.accepts_at_least_once,
            envelope=BodEnvelope(tenant_id=connection.tenant_id, created_at=self._clock.now()),
        )
        digests = {part.kind: self._blobs.put(part.payload) for part in rendered}
        with self._database.write() as work:
            versions = {
                "idm_mapping_version_id": idm.id,
                "bod_mapping_version_id": bod.id if bod else None,
            }
            outcome = self._records.done(
                work, held, StepKind.RENDER, summary=_versions_text(idm, bod), delivery=versions
            )
            if not isinstance(outcome, Held):
                return outcome
            ledger = LedgerRepository(work.connection)
            left = [part for part in rendered if not held.steps[part.kind].status.is_over]
            values = {
                part.kind: {"payload_digest": digests[part.kind], "parameters": part.parameters}
                for part in left
            }
            ledger.update_steps(SYSTEM, delivery.id, values)
            for kind in values:
                outcome = outcome.with_step(kind, **values[kind])
            for part in left:
                if part.no_look_up:
                    skipped = {"status": StepStatus.SKIPPED, "summary": part.no_look_up}
                    ledger.update_step(SYSTEM, delivery.id, StepKind.IDM_LOOK_UP, skipped)
                    outcome = outcome.with_step(StepKind.IDM_LOOK_UP, **skipped)
        return outcome


def _versions_text(idm: MappingVersion, bod: MappingVersion | None) -> str:
    used = [version for version in (idm, bod) if version is not None]
    return ", ".join(f"{version.mapping_name} v{version.number}" for version in used)
