"""Dry runs: the calls of a document through a mapping file or a configuration, not sent.

Checked are whether the document is held, whether the mapping files fit and are held, the
connection's proof, and, where it passed, whether its IDM has what the files name.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ionport.connections.model import Connection
from ionport.connections.proofs import Proof, ProofState
from ionport.connections.service import ConnectionService
from ionport.core.clock import Clock
from ionport.core.errors import IonportError
from ionport.core.i18n import _
from ionport.core.sentences import told
from ionport.documents.model import Document
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.documents.service import DocumentService
from ionport.exports.configurations.model import ExportConfiguration, UseOfConnection
from ionport.exports.configurations.service import ExportConfigurationService
from ionport.exports.delivery_making import new_delivery
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.planning import PARAMETER, PlanSource, planned_calls
from ionport.exports.destinations.port import Destination, Planning, ReadContent
from ionport.exports.destinations.rendering import Renderer, SourceOf, signed
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import Delivery, DeliveryStatus, ExportMethod
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.ionapi.errors import IonApiError
from ionport.mappings.lint.targets import DataModels, lint_against
from ionport.mappings.model import BodEnvelope, MappingKind, MappingVersion
from ionport.mappings.rendering.explain import unsent
from ionport.mappings.rendering.model import PlannedCall
from ionport.mappings.service import MappingService
from ionport.store import Database, OrganizationScope

_TENANT = "TENANT_TST"
# As long as the id of a real delivery, so that a value that is too long for a target is found here
# too.
_NO_DELIVERY = "00000000-0000-0000-0000-000000000000"
_MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A reason why the document would not arrive: where, and what to do."""

    where: str
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class DryRun:
    """The calls in their order, the obstacles, and the values that are not sent.

    `unsent` are ids of fields, of columns (`INVOICE_TABLE.QUANTITY`) and of terms with a value.
    """

    calls: tuple[PlannedCall, ...]
    obstacles: tuple[Obstacle, ...]
    unsent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the tenant's IDM lacks of a mapping file; `unproved` says why it was not asked."""

    lacking: Sequence[Obstacle] = ()
    unproved: Obstacle | None = None


@dataclass(frozen=True, slots=True)
class _Made:
    """A delivery that is not stored, and what its payloads are rendered from."""

    delivery: Delivery
    document: Document
    versions: Mapping[MappingKind, MappingVersion]
    more_fields: Mapping[str, str]
    connection: Connection


class DryRunService:
    """Plans the calls of a delivery from the document as it is now."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        documents: DocumentService,
        connections: ConnectionService,
        configurations: ExportConfigurationService,
        mappings: MappingService,
        readable_pages: ReadablePageService,
        data_models: DataModels | None = None,
        read: ReadContent | None = None,
    ) -> None:
        """`read` returns stored contents: without it files are not planned."""
        self._database = database
        self._clock = clock
        self._documents = documents
        self._connections = connections
        self._configurations = configurations
        self._mappings = mappings
        self._readable_pages = readable_pages
        self._data_models = data_models
        self._read = read

    def of_mapping(
        self, scope: OrganizationScope, document_id: str, kind: MappingKind, text: str
    ) -> DryRun:
        """Return the dry run of a mapping text, stored or not; raises NotFound."""
        with self._database.read() as work:
            access = work.within(scope)
            document = self._documents.get(access, document_id)
            more_fields = self._documents.more_fields(access, document)
        return self._plan(document, more_fields, {kind: text}, _TENANT, [], {})

    def of_configuration(
        self,
        scope: OrganizationScope,
        actor: Actor,
        document_id: str,
        configuration_id: str,
        texts: Mapping[MappingKind, str] | None = None,
    ) -> DryRun:
        """Return what a delivery through a configuration would send.

        `texts` stand in for mapping files that it uses. Asks a proved connection for the data
        model of IDM. Raises NotFound and Forbidden.
        """
        with self._database.read() as work:
            access = Access(work, scope, actor)
            document = self._documents.get(access, document_id)
            more_fields = self._documents.more_fields(access, document)
            configuration = self._configurations.get(access, configuration_id)
            connection = self._connections.shown(access, configuration.connection_id)
            versions = self._versions(access, configuration)
            obstacles = list(self._obstacles(access, document, configuration))
            use = UseOfConnection.of_configuration(configuration)
            proof = self._configurations.proof(access, use).proof
            generation = _generation(access, document_id, configuration_id)
        used = {kind: version.text for kind, version in versions.items()}
        replaced = {kind: text for kind, text in (texts or {}).items() if kind in used}
        text = {**used, **replaced}.get(MappingKind.IDM, "")
        destination = destination_of(configuration.method)
        if destination.plans_itself and self._read is not None:
            changed = {
                kind: replace(version, text=replaced.get(kind, version.text))
                for kind, version in versions.items()
            }
            # Not in the ledger; its ids are as long as those of a real one.
            ids, now = (_NO_DELIVERY, _NO_DELIVERY), self._clock.now()
            delivery = new_delivery(document, configuration, generation, now, ids=ids)
            made = _Made(delivery, document, changed, more_fields, connection)
            return self._plan_itself(destination, made, configuration, obstacles, self._read)
        obstacles += self._compared(scope, configuration.connection_id, proof, text).lacking
        return self._plan(
            document,
            more_fields,
            {**used, **replaced},
            connection.tenant_id,
            obstacles,
            configuration.options,
        )

    def _plan_itself(
        self,
        destination: Destination,
        made: _Made,
        configuration: ExportConfiguration,
        obstacles: list[Obstacle],
        read: ReadContent,
    ) -> DryRun:
        """Let the method plan what a delivery would write or send."""
        tenant = made.connection.tenant_id
        calls: Sequence[PlannedCall] = ()
        try:
            job = Renderer(self._readable_pages).job(
                made.delivery,
                made.document,
                made.versions,
                accepts_at_least_once=True,
                envelope=BodEnvelope(tenant_id=tenant, created_at=self._clock.now()),
                more_fields=made.more_fields,
                options=configuration.options,
            )
            rendered = destination.render(job)
            calls = destination.planned(rendered, Planning(made.connection.place, read))
        except IonportError as error:
            obstacles.append(Obstacle(_("Document"), error.text))
        # No program can tell which values a file of the document leaves out.
        return DryRun(tuple(calls), tuple(obstacles), ())

    def _versions(
        self, access: Access[OrganizationScope], used: ExportConfiguration
    ) -> Mapping[MappingKind, MappingVersion]:
        return {
            kind: self._mappings.version_by_id(access, version_id)
            for kind, version_id in used.version_ids().items()
        }

    def _obstacles(
        self, access: Access[OrganizationScope], document: Document, used: ExportConfiguration
    ) -> Iterator[Obstacle]:
        if document.is_held:
            yield Obstacle(
                _("Document"),
                _("It is held: {status}.").format(status=document.status.label),
                _("Decide on its findings first."),
            )
        if document.document_type != used.document_type:
            yield Obstacle(
                _("Document"),
                _("Its type is {type}; the configuration is for {wanted}.").format(
                    type=document.document_type, wanted=used.document_type
                ),
                _("Choose a configuration for this type."),
            )
        for finding in self._configurations.findings(access, used.id):
            if finding.blocks:
                label = MappingKind(finding.mapping).label
                yield Obstacle(label, finding.text, finding.remedy)
        use = UseOfConnection.of_configuration(used)
        proof = self._configurations.proof(access, use)
        if proof.proof.state is not ProofState.PASSED and proof.decision is None:
            yield Obstacle(
                _("Connection"),
                proof.proof.text or _("Its proof has not passed yet."),
                proof.proof.remedy,
            )

    def lacking(
        self, scope: OrganizationScope, connection_id: str, text: str
    ) -> Sequence[Obstacle]:
        """Return what the tenant's IDM would refuse of an IDM mapping file, by line.

        Raises IonportError and IonApiError where the tenant cannot be asked.
        """
        if self._data_models is None or not text:
            return []
        model = self._data_models.entities(scope, connection_id)
        line = _("Line {number}: {text}")
        return [
            Obstacle(
                MappingKind.IDM.label,
                line.format(number=finding.line, text=finding.text),
                finding.remedy,
            )
            for finding in lint_against(text, model)
        ]

    def before_activation(
        self,
        scope: OrganizationScope,
        actor: Actor,
        connection_id: str,
        method: ExportMethod,
        text: str,
    ) -> Comparison:
        """Return what IDM would refuse of a configuration's mapping file once it is active.

        A connection whose proof has not passed is not asked. The configuration need not be stored.
        Raises Forbidden.
        """
        use = UseOfConnection("", "", connection_id, method)
        with self._database.read() as work:
            proof = self._configurations.proof(Access(work, scope, actor), use).proof
        return self._compared(scope, connection_id, proof, text)

    def _compared(
        self, scope: OrganizationScope, connection_id: str, proof: Proof, text: str
    ) -> Comparison:
        if proof.state is not ProofState.PASSED:
            return Comparison(
                unproved=Obstacle("", _("The proof of the connection has not passed."))
            )
        return self.compare(scope, connection_id, text)

    def compare(self, scope: OrganizationScope, connection_id: str, text: str) -> Comparison:
        """Return as `lacking` does, and where the tenant cannot be asked, why."""
        try:
            return Comparison(self.lacking(scope, connection_id, text))
        except IonportError as error:
            return Comparison(unproved=Obstacle("", error.text))
        except IonApiError as error:
            return Comparison(unproved=Obstacle("", told(error.message), told(error.remedy)))

    def _plan(
        self,
        document: Document,
        more_fields: Mapping[str, str],
        texts: Mapping[MappingKind, str],
        tenant_id: str,
        obstacles: list[Obstacle],
        options: Mapping[str, str],
    ) -> DryRun:
        made = SourceOf(self._readable_pages, document, more_fields, _NO_DELIVERY)
        envelope = BodEnvelope(tenant_id=tenant_id, created_at=self._clock.now())
        source = signed(made.source, options)
        planned = PlanSource(source, envelope, message_id=_NO_DELIVERY, options=options)
        calls: list[PlannedCall] = []
        for kind, text in texts.items():
            try:
                calls += planned_calls(kind, text, planned)
            except IonportError as error:
                obstacles.append(Obstacle(kind.label, error.text))
            except IonApiError as error:
                obstacles.append(Obstacle(kind.label, told(error.message), told(error.remedy)))
        return DryRun(tuple(calls), tuple(obstacles), _unsent(made, calls))


def _generation(access: Access[OrganizationScope], document_id: str, configuration_id: str) -> int:
    """Return the number of the export that would come next, by which files are named."""
    found = DeliveryRepository(access.connection).of_document(access.scope, document_id)
    known = [one for one in found if one.configuration_id == configuration_id]
    if not known:
        return 1
    newest = max(known, key=lambda one: one.generation)
    return newest.generation + (newest.status is DeliveryStatus.DELIVERED)


def _unsent(made: SourceOf, calls: Sequence[PlannedCall]) -> tuple[str, ...]:
    if any(call.mapping_kind is MappingKind.XSLT for call in calls):
        # No program can tell which values a stylesheet reads.
        return ()
    try:
        terms: Mapping[str, str] = made.terms.header
    except IonportError:
        terms = {}
    return unsent(made.source, (value for call in calls for value in call.values), terms)


def as_curl(call: PlannedCall) -> str:
    """Return a call as a command; address, tenant and token are variables of the shell.

    A file that is made is no call, and has none.
    """
    if not call.method:
        return ""
    if call.headers:
        lines = [f"curl -X {call.method} {shlex.quote(call.path)}"]
        lines += [f"  -H {shlex.quote(f'{name}: {value}')}" for name, value in call.headers]
        return " \\\n".join([*lines, f"  --data-binary {shlex.quote(call.body)}"])
    lines = [
        f'curl -X {call.method} "$IU/$TENANT/{call.path}"',
        '  -H "Authorization: Bearer $TOKEN"',
    ]
    if call.content_type == _MULTIPART:
        beside = {
            value.target.removeprefix(f"{PARAMETER} "): value.value
            for value in call.values
            if value.target.startswith(f"{PARAMETER} ")
        }
        parameters = json.dumps(beside, ensure_ascii=False)
        lines += [
            '  -H "X-TenantId: $TENANT" -H "X-ClientId: $CLIENT_ID"',
            *_form(PARAMETER, parameters, "application/json"),
            *_form("MessagePayload", call.body, "application/octet-stream"),
        ]
    else:
        lines += [
            f"  -H {shlex.quote(f'Content-Type: {call.content_type}')}",
            f"  --data-binary {shlex.quote(call.body)}",
        ]
    return " \\\n".join(lines)


def _form(name: str, content: str, media_type: str) -> Iterable[str]:
    # curl takes a quoted content with `"` and `\` escaped, whatever stands in it.
    escaped = content.replace("\\", "\\\\").replace('"', '\\"')
    value = f'{name}="{escaped}";type={media_type}'
    return [f"  --form {shlex.quote(value)}"]
