"""The first step of a delivery: renders the payloads of its calls once and stores them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ionport.connections.service import ConnectionService
from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.documents.service import DocumentService
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations import call_of, destination_of
from ionport.exports.destinations.port import BOD_NAME, Rendered
from ionport.exports.destinations.rendering import Renderer
from ionport.exports.engine.passes.model import RunningPass
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.model import StepKind, StepStatus
from ionport.mappings.model import BodEnvelope, MappingVersion
from ionport.mappings.service import MappingService
from ionport.store import Database


class RenderStep:
    """Reads what a delivery needs, renders outside any transaction, and stores the payloads.

    The step is written with the first call that changes something: until then it may be rendered
    again.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: Clock,
        connections: ConnectionService,
        documents: DocumentService,
        mappings: MappingService,
        records: PassRecords,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._connections = connections
        self._documents = documents
        self._mappings = mappings
        self._records = records
        self._renderer = Renderer(ReadablePageService(database, documents, blobs, clock))

    def run(self, running: RunningPass) -> RunningPass:
        """Render with the versions that the delivery has; raises IonportError.

        A delivery without versions takes those that its configuration uses now, and keeps them.
        """
        delivery, scope = running.delivery, running.scope
        with self._database.read() as work:
            access = work.within(scope)
            document = self._documents.get(access, delivery.document_id)
            more_fields = self._documents.more_fields(access, document)
            configuration = ConfigurationRepository(work.connection).get_any(
                scope, delivery.configuration_id
            )
            connection = self._connections.shown(access, delivery.connection_id)
            destination = destination_of(delivery.method)
            kinds = (*destination.mapping_kinds, *destination.optional_kinds)
            wanted = {**configuration.version_ids(), **delivery.mapping_versions}
            named = {kind: wanted[kind] for kind in kinds if kind in wanted}
            found = self._mappings.versions_by_id(access, named.values())
            versions = {kind: found[version_id] for kind, version_id in named.items()}
        job = self._renderer.job(
            delivery,
            document,
            versions,
            accepts_at_least_once=configuration.accepts_at_least_once,
            envelope=BodEnvelope(tenant_id=connection.tenant_id, created_at=self._clock.now()),
            more_fields=more_fields,
            options=configuration.options,
        )
        rendered = destination.render(job)
        digests = {part.kind: self._blobs.put(part.payload) for part in rendered}
        names = [part.parameters[BOD_NAME] for part in rendered if BOD_NAME in part.parameters]
        used: dict[str, Any] = {"bod_name": names[0] if names else None}
        ids = {kind: version.id for kind, version in versions.items()}
        if ids != delivery.mapping_versions:
            used["mapping_versions"] = ids
        running = self._records.note_done(
            running, StepKind.RENDER, summary=_versions_text(versions.values()), delivery=used
        )
        for part in rendered:
            if running.steps[part.kind].status.is_over:
                continue
            running = _with_part(running, part, digests[part.kind])
        return running


def _with_part(running: RunningPass, part: Rendered, digest: str) -> RunningPass:
    """Return the pass with what a step sends; what has nothing to send or look up is skipped."""
    payload = {"payload_digest": digest, "parameters": part.parameters}
    if part.skipped:
        payload |= {"status": StepStatus.SKIPPED, "summary": part.skipped}
    running = running.with_change(part.kind, payload)
    look_up = call_of(running.delivery.method, part.kind).look_up
    why = part.skipped or part.no_look_up
    if why and look_up is not None and not running.steps[look_up.kind].status.is_over:
        skipped = {"status": StepStatus.SKIPPED, "summary": why}
        running = running.with_change(look_up.kind, skipped)
    return running


def _versions_text(used: Iterable[MappingVersion]) -> str:
    return ", ".join(f"{version.mapping_name} v{version.number}" for version in used)
