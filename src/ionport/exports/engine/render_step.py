"""The first step of a delivery: what its calls will send is rendered once and kept."""

from __future__ import annotations

from ionport.connections.service import ConnectionService
from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.documents.service import DocumentService
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations.rendering import Renderer
from ionport.exports.engine.records import Held, Records
from ionport.exports.model import StepKind, StepStatus
from ionport.mappings.model import BodEnvelope, MappingVersion
from ionport.mappings.service import MappingService
from ionport.store import Database


class RenderStep:
    """Reads what a delivery needs, renders outside any transaction, and keeps the payloads.

    The step is written with the first call that changes something: what nothing was sent of may
    be rendered again.
    """

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

    def run(self, held: Held) -> Held:
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
        versions = {
            "idm_mapping_version_id": idm.id,
            "bod_mapping_version_id": bod.id if bod else None,
        }
        held = self._records.note_done(
            held, StepKind.RENDER, summary=_versions_text(idm, bod), delivery=versions
        )
        for part in rendered:
            if held.steps[part.kind].status.is_over:
                continue
            payload = {"payload_digest": digests[part.kind], "parameters": part.parameters}
            held = held.with_change(part.kind, payload)
            if part.no_look_up:
                skipped = {"status": StepStatus.SKIPPED, "summary": part.no_look_up}
                held = held.with_change(StepKind.IDM_LOOK_UP, skipped)
        return held


def _versions_text(idm: MappingVersion, bod: MappingVersion | None) -> str:
    used = [version for version in (idm, bod) if version is not None]
    return ", ".join(f"{version.mapping_name} v{version.number}" for version in used)
