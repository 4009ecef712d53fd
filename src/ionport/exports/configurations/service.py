"""Export configurations: what a person does on Settings → Document Processing → Export."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace as replaced
from datetime import datetime
from typing import Any

from ionport.connections.proofs import ProofState
from ionport.connections.service import ConnectionService
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.documents.bulk.anew import JudgingAnew
from ionport.exports.configurations.checks import ConfigurationChecks, free_title, pinned
from ionport.exports.configurations.model import (
    ActivationFinding,
    ConfigurationAction,
    ConfigurationFields,
    ExportConfiguration,
    Switched,
    UseOfConnection,
    UseProof,
)
from ionport.exports.configurations.options import kept_options
from ionport.exports.configurations.proof_decisions import (
    ProofDecisions,
    decision_about,
    use_proof,
)
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.configurations.switching import VersionSwitching
from ionport.exports.configurations.transfer import ConfigurationTransfer
from ionport.exports.destinations import destination_of, is_booked
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import PROOF_REFUSED, ExportMethod
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.service import IdentityService
from ionport.mappings.model import MappingKind
from ionport.mappings.service import MappingService
from ionport.store import OrganizationScope, ScopedWork


class ExportConfigurationService:
    """Makes, changes and switches export configurations."""

    def __init__(
        self,
        clock: Clock,
        audit: AuditLog,
        connections: ConnectionService,
        mappings: MappingService,
        identity: IdentityService,
    ) -> None:
        self._clock = clock
        self._audit = audit
        self._connections = connections
        self._checks = ConfigurationChecks(connections, mappings, identity)
        self._switching = VersionSwitching(clock, audit, self._checks)
        self.decisions = ProofDecisions(clock, audit)
        self._anew = JudgingAnew(clock, audit)
        self.transfer = ConfigurationTransfer(self, connections, mappings, identity)

    def create(
        self, access: Access[OrganizationScope], fields: ConfigurationFields
    ) -> ExportConfiguration:
        """Store a new configuration; it is not active yet.

        Its title gets a number where another one has it: “Invoices (2)”.

        Raises:
            InvalidInput: names every field that is missing or does not fit.
        """
        access.require_organization_administrator()
        self._checks.check(access, fields)
        versions = self._checks.versions(access, fields, {})
        now = self._clock.now()
        configuration = ExportConfiguration(
            mappings=pinned(versions),
            id=new_id("exp"),
            organization_id=access.scope.organization_id,
            is_active=False,
            created_by=access.actor.name,
            created_at=now,
            updated_at=now,
            **_columns(replaced(fields, title=free_title(access, fields.title))),
        )
        ConfigurationRepository(access.connection).add(access.scope, configuration)
        self._record(access, ConfigurationAction.CREATED, configuration)
        return configuration

    def _move_deliveries(
        self, access: Access[OrganizationScope], configuration_id: str, connection_id: str
    ) -> None:
        DeliveryRepository(access.connection).move(access.scope, configuration_id, connection_id)
        # They were held by the proof of the old connection; the next pass checks that of the new.
        PassRepository(access.connection).free(
            access.scope,
            PROOF_REFUSED,
            self._clock.now(),
            connection_id=connection_id,
            configuration_id=configuration_id,
        )

    def edit(
        self,
        access: Access[OrganizationScope],
        configuration_id: str,
        fields: ConfigurationFields,
        *,
        reason: str = "",
    ) -> ExportConfiguration:
        """Change a configuration. One that is active must still fulfil the conditions for it.

        So an active one that is to use another connection or method needs a proof that passed,
        or a `reason` to go on all the same.

        Pending, waiting and failed deliveries use the new connection, if it is of the same tenant:
        so a new credential file repairs them. Another tenant gets new deliveries only.

        Raises:
            Conflict: another configuration is active where this one would move to, or
                `proof_not_passed`.
        """
        access.require_organization_administrator()
        old = self._get(access, configuration_id)
        self._checks.check(access, fields, old.title)
        versions = self._checks.versions(access, fields, old.mappings)
        if old.is_active:
            self._checks.refuse_blocked(versions, fields)
            if (old.connection_id, old.method) != (fields.connection_id, fields.method):
                use = UseOfConnection(old.id, fields.title, fields.connection_id, fields.method)
                self.decisions.require_for_activation(access, use, reason)
        now, family = self._clock.now(), destination_of(fields.method).family
        values = _columns(fields) | {"family": family, "updated_at": now}
        if (old.document_type, old.sub_organization_id) != (
            fields.document_type,
            fields.sub_organization_id,
        ):
            # Documents that wait at the new place have not waited for this configuration.
            values["activated_at"] = now
        repository = ConfigurationRepository(access.connection)
        if not repository.update(access.scope, old.id, values):
            raise self._in_the_way_error(access, fields, old.id)
        repository.pin(access.scope, old.id, pinned(versions))
        if self._is_same_tenant(access, old.connection_id, fields.connection_id):
            self._move_deliveries(access, old.id, fields.connection_id)
        changed = self._get(access, configuration_id)
        self._record(access, ConfigurationAction.EDITED, changed)
        if _books(old) != _books(changed) or (_books(old) and old.title != changed.title):
            self._anew.begin(access)
        return changed

    def get(self, access: Access[OrganizationScope], configuration_id: str) -> ExportConfiguration:
        """Return one configuration."""
        access.require_organization_member()
        return self._get(access, configuration_id)

    def list(
        self,
        access: Access[OrganizationScope],
        page: PageRequest,
        *,
        text: str = "",
        document_type: str | None = None,
        only_active: bool = False,
    ) -> Page[ExportConfiguration]:
        """Return a page of configurations, sorted by title."""
        access.require_organization_member()
        return ConfigurationRepository(access.connection).list(
            access.scope, page, text=text, document_type=document_type, only_active=only_active
        )

    def findings(
        self, access: Access[OrganizationScope], configuration_id: str
    ) -> Sequence[ActivationFinding]:
        """Return the linter's findings in the version of each used mapping."""
        access.require_organization_member()
        configuration = self._get(access, configuration_id)
        return self._checks.findings(
            self._checks.used_versions(access, configuration),
            configuration.document_type,
            accept_at_least_once=configuration.accepts_at_least_once,
        )

    def switch_version(
        self,
        access: Access[OrganizationScope],
        configuration_id: str,
        kind: MappingKind,
        version_id: str,
    ) -> Switched:
        """Let a configuration use another version of one of its mapping files.

        Deliveries that are under way keep the version they have until a person tries them again;
        the result says how many there are.

        Raises:
            NotFound: there is no such configuration, or it uses no mapping of this kind.
            InvalidInput: the version is none of that file, or `mapping_blocks_activation`: the
                configuration is active, and the version must not be used.
        """
        access.require_organization_administrator()
        return self._switching.switch(access, self._get(access, configuration_id), kind, version_id)

    def count_under_way(
        self, access: Access[OrganizationScope], configuration_ids: Collection[str]
    ) -> dict[str, int]:
        """Return how many deliveries of each configuration are not over."""
        access.require_organization_member()
        repository = DeliveryRepository(access.connection)
        return {one: repository.count_open(access.scope, one) for one in configuration_ids}

    def in_the_way(
        self, access: Access[OrganizationScope], configuration_id: str
    ) -> ExportConfiguration | None:
        """Return the configuration that activating this one would switch off."""
        access.require_organization_member()
        configuration = self._get(access, configuration_id)
        return self._occupant(access, configuration.fields, configuration.id)

    def activate(
        self,
        access: Access[OrganizationScope],
        configuration_id: str,
        *,
        replace: bool = False,
        reason: str = "",
    ) -> ExportConfiguration:
        """Switch a configuration on; with `replace` the one in its place is switched off.

        Documents from before it was switched on are not exported automatically; those that waited
        for the replaced one are. With a `reason` it is done although the proof of its connection
        has not passed.

        Raises:
            InvalidInput: `mapping_blocks_activation`; the text names the findings.
            Conflict: `another_is_active`; `existing_id` names it. Or `proof_not_passed`.
        """
        access.require_organization_administrator()
        configuration = self._get(access, configuration_id)
        if configuration.is_active:
            return configuration
        fields = configuration.fields
        self._checks.refuse_blocked(self._checks.used_versions(access, configuration), fields)
        occupant = self._occupant(access, fields, configuration.id)
        if occupant is not None and not replace:
            raise self._in_the_way_error(access, fields, configuration.id)
        use = UseOfConnection.of_configuration(configuration)
        self.decisions.require_for_activation(access, use, reason)
        since: datetime | None = self._clock.now()
        if occupant is not None:
            since = occupant.activated_at
            self._switch(access, occupant, {"is_active": False})
        return self._switch(access, configuration, {"is_active": True, "activated_at": since})

    def proof(self, access: Access[OrganizationScope], use: UseOfConnection) -> UseProof:
        """Return the proof of a connection as a configuration or delivery uses it."""
        access.require_organization_member()
        found = use_proof(access, use)
        is_refused = found.state is ProofState.REFUSED
        return UseProof(
            proof=found,
            decision=None
            if found.state is ProofState.PASSED
            else decision_about(access, use, found),
            held=PassRepository(access.connection).count_held(
                access.scope, PROOF_REFUSED, use.configuration_id, use.connection_id
            )
            if is_refused
            else 0,
        )

    def deactivate(
        self, access: Access[OrganizationScope], configuration_id: str
    ) -> ExportConfiguration:
        """Switch a configuration off; its unfinished deliveries go on."""
        access.require_organization_administrator()
        configuration = self._get(access, configuration_id)
        if not configuration.is_active:
            return configuration
        return self._switch(access, configuration, {"is_active": False})

    def delete(self, access: Access[OrganizationScope], configuration_id: str) -> None:
        """Remove a configuration from every list; the ledger keeps what it delivered."""
        access.require_organization_administrator()
        configuration = self._get(access, configuration_id)
        now = self._clock.now()
        ConfigurationRepository(access.connection).update(
            access.scope,
            configuration.id,
            {"is_active": False, "deleted_at": now, "updated_at": now},
        )
        self._record(access, ConfigurationAction.DELETED, configuration)
        if _books(configuration):
            self._anew.begin(access)

    def _get(
        self, access: ScopedWork[OrganizationScope], configuration_id: str
    ) -> ExportConfiguration:
        found = ConfigurationRepository(access.connection).get(access.scope, configuration_id)
        if found is None:
            raise NotFound(_("There is no such export configuration."))
        return found

    def _switch(
        self,
        access: Access[OrganizationScope],
        configuration: ExportConfiguration,
        values: Mapping[str, Any],
    ) -> ExportConfiguration:
        changed = ConfigurationRepository(access.connection).update(
            access.scope, configuration.id, {**values, "updated_at": self._clock.now()}
        )
        if not changed:
            raise self._in_the_way_error(access, configuration.fields, configuration.id)
        is_active = values["is_active"]
        action = ConfigurationAction.ACTIVATED if is_active else ConfigurationAction.DEACTIVATED
        self._record(access, action, configuration)
        switched = self._get(access, configuration.id)
        if _books(configuration) != _books(switched):
            self._anew.begin(access)
        return switched

    def _occupant(
        self,
        access: ScopedWork[OrganizationScope],
        fields: ConfigurationFields,
        configuration_id: str,
    ) -> ExportConfiguration | None:
        active = ConfigurationRepository(access.connection).active(
            access.scope, fields.document_type, fields.sub_organization_id
        )
        family = destination_of(fields.method).family
        return next(
            (
                other
                for other in active
                if destination_of(other.method).family == family and other.id != configuration_id
            ),
            None,
        )

    def _in_the_way_error(
        self,
        access: ScopedWork[OrganizationScope],
        fields: ConfigurationFields,
        configuration_id: str,
    ) -> Conflict:
        occupant = self._occupant(access, fields, configuration_id)
        return Conflict(
            _(
                "“{title}” is active for this document type and organization already. Only one"
                " Infor export can be active there: deactivate it, or replace it by this one."
            ).format(title=occupant.title if occupant else "?"),
            code="another_is_active",
            existing_id=occupant.id if occupant else None,
        )

    def _is_same_tenant(
        self, access: ScopedWork[OrganizationScope], one_id: str, other_id: str
    ) -> bool:
        one = self._connections.shown(access, one_id)
        other = self._connections.shown(access, other_id)
        return (one.tenant_id, one.gateway) == (other.tenant_id, other.gateway)

    def _record(
        self,
        access: Access[OrganizationScope],
        action: ConfigurationAction,
        configuration: ExportConfiguration,
    ) -> None:
        details = {"title": configuration.title, "method": str(configuration.method)}
        self._audit.record(access, action, configuration.id, details)


def _books(configuration: ExportConfiguration) -> tuple[str, str | None] | None:
    """Return the document type and sub-organization whose lines it books now; None for none."""
    if not configuration.is_active or not is_booked(configuration.method):
        return None
    return configuration.document_type, configuration.sub_organization_id


def _columns(fields: ConfigurationFields) -> dict[str, Any]:
    method = ExportMethod(fields.method)
    return {
        "sub_organization_id": fields.sub_organization_id,
        "title": fields.title.strip(),
        "document_type": fields.document_type,
        "method": method,
        "connection_id": fields.connection_id,
        "accepts_at_least_once": fields.accepts_at_least_once,
        "options": kept_options(fields),
    }
