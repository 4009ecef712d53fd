"""Export configurations: what a person does on Settings → Document Processing → Export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ionport.connections.service import ConnectionService
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.documents.types import DOCUMENT_TYPES
from ionport.exports.model import (
    ActivationFinding,
    ConfigurationFields,
    ExportConfiguration,
    ExportMethod,
)
from ionport.exports.repository import ConfigurationRepository, DeliveryRepository
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.identity.service import IdentityService
from ionport.mappings.model import MappingKind, blocking
from ionport.mappings.service import MappingService
from ionport.store import OrganizationScope, Work

_TITLE_LENGTH = 200


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
        self._mappings = mappings
        self._identity = identity

    def create(
        self, work: Work, scope: OrganizationScope, actor: Actor, fields: ConfigurationFields
    ) -> ExportConfiguration:
        """Store a new configuration; it is not active yet.

        Raises:
            InvalidInput: names every field that is missing or does not fit.
        """
        actor.require_organization_administrator(scope.organization_id)
        self._check(work, scope, fields)
        now = self._clock.now()
        configuration = ExportConfiguration(
            id=new_id("exp"),
            organization_id=scope.organization_id,
            is_active=False,
            created_by=actor.name,
            created_at=now,
            updated_at=now,
            **_columns(fields),
        )
        ConfigurationRepository(work.connection).add(scope, configuration)
        self._record(work, scope, actor, "export_configuration.created", configuration)
        return configuration

    def edit(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
        configuration_id: str,
        fields: ConfigurationFields,
    ) -> ExportConfiguration:
        """Change a configuration. One that is active must stay fit to be active.

        Deliveries that pend, wait or failed go on over the new connection, if it is of the same
        tenant: so a new credential file heals them. To another tenant only new ones go.

        Raises:
            Conflict: another configuration is active where this one would move to.
        """
        actor.require_organization_administrator(scope.organization_id)
        old = self._get(work, scope, configuration_id)
        self._check(work, scope, fields)
        if old.is_active:
            self._refuse_blocked(work, scope, fields)
        values = _columns(fields) | {
            "family": fields.method.family,
            "updated_at": self._clock.now(),
        }
        if not ConfigurationRepository(work.connection).update(scope, old.id, values):
            raise self._in_the_way_error(work, scope, fields, old.id)
        if self._is_same_tenant(work, scope, old.connection_id, fields.connection_id):
            DeliveryRepository(work.connection).move(scope, old.id, fields.connection_id)
        changed = self._get(work, scope, configuration_id)
        self._record(work, scope, actor, "export_configuration.edited", changed)
        return changed

    def get(
        self, work: Work, scope: OrganizationScope, actor: Actor, configuration_id: str
    ) -> ExportConfiguration:
        """Return one configuration."""
        actor.require_organization_member(scope.organization_id)
        return self._get(work, scope, configuration_id)

    def list(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
        page: PageRequest,
        *,
        text: str = "",
        document_type: str | None = None,
        only_active: bool = False,
    ) -> Page[ExportConfiguration]:
        """Return a page of configurations, sorted by title."""
        actor.require_organization_member(scope.organization_id)
        return ConfigurationRepository(work.connection).list(
            scope, page, text=text, document_type=document_type, only_active=only_active
        )

    def findings(
        self, work: Work, scope: OrganizationScope, actor: Actor, configuration_id: str
    ) -> Sequence[ActivationFinding]:
        """Return what the linter says about the newest version of each mapping."""
        actor.require_organization_member(scope.organization_id)
        return self._findings(work, scope, _fields(self._get(work, scope, configuration_id)))

    def in_the_way(
        self, work: Work, scope: OrganizationScope, actor: Actor, configuration_id: str
    ) -> ExportConfiguration | None:
        """Return the configuration that activating this one would switch off."""
        actor.require_organization_member(scope.organization_id)
        configuration = self._get(work, scope, configuration_id)
        return self._occupant(work, scope, _fields(configuration), configuration.id)

    def activate(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
        configuration_id: str,
        *,
        replace: bool = False,
    ) -> ExportConfiguration:
        """Switch a configuration on; with `replace` the one in its place is switched off.

        Raises:
            InvalidInput: `mapping_blocks_activation`; the text names the findings.
            Conflict: `another_is_active`; `existing_id` names it.
        """
        actor.require_organization_administrator(scope.organization_id)
        configuration = self._get(work, scope, configuration_id)
        if configuration.is_active:
            return configuration
        fields = _fields(configuration)
        self._refuse_blocked(work, scope, fields)
        occupant = self._occupant(work, scope, fields, configuration.id)
        if occupant is not None and replace:
            self._switch(work, scope, actor, occupant, is_active=False)
        elif occupant is not None:
            raise self._in_the_way_error(work, scope, fields, configuration.id)
        return self._switch(work, scope, actor, configuration, is_active=True)

    def deactivate(
        self, work: Work, scope: OrganizationScope, actor: Actor, configuration_id: str
    ) -> ExportConfiguration:
        """Switch a configuration off; its unfinished deliveries go on."""
        actor.require_organization_administrator(scope.organization_id)
        configuration = self._get(work, scope, configuration_id)
        if not configuration.is_active:
            return configuration
        return self._switch(work, scope, actor, configuration, is_active=False)

    def delete(
        self, work: Work, scope: OrganizationScope, actor: Actor, configuration_id: str
    ) -> None:
        """Remove a configuration from every list; the ledger keeps what it delivered."""
        actor.require_organization_administrator(scope.organization_id)
        configuration = self._get(work, scope, configuration_id)
        now = self._clock.now()
        ConfigurationRepository(work.connection).update(
            scope,
            configuration.id,
            {"is_active": False, "deleted_at": now, "updated_at": now},
        )
        self._record(work, scope, actor, "export_configuration.deleted", configuration)

    def _get(
        self, work: Work, scope: OrganizationScope, configuration_id: str
    ) -> ExportConfiguration:
        found = ConfigurationRepository(work.connection).get(scope, configuration_id)
        if found is None:
            raise NotFound(_("There is no such export configuration."))
        return found

    def _switch(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
        configuration: ExportConfiguration,
        *,
        is_active: bool,
    ) -> ExportConfiguration:
        changed = ConfigurationRepository(work.connection).update(
            scope, configuration.id, {"is_active": is_active, "updated_at": self._clock.now()}
        )
        if not changed:
            raise self._in_the_way_error(work, scope, _fields(configuration), configuration.id)
        action = "activated" if is_active else "deactivated"
        self._record(work, scope, actor, f"export_configuration.{action}", configuration)
        return self._get(work, scope, configuration.id)

    def _occupant(
        self,
        work: Work,
        scope: OrganizationScope,
        fields: ConfigurationFields,
        configuration_id: str,
    ) -> ExportConfiguration | None:
        active = ConfigurationRepository(work.connection).active(
            scope, fields.document_type, fields.sub_organization_id
        )
        return next(
            (
                other
                for other in active
                if other.method.family == fields.method.family and other.id != configuration_id
            ),
            None,
        )

    def _in_the_way_error(
        self,
        work: Work,
        scope: OrganizationScope,
        fields: ConfigurationFields,
        configuration_id: str,
    ) -> Conflict:
        occupant = self._occupant(work, scope, fields, configuration_id)
        return Conflict(
            _(
                "“{title}” is active for this document type and organization already. Only one"
                " Infor export can be active there: deactivate it, or replace it by this one."
            ).format(title=occupant.title if occupant else "?"),
            code="another_is_active",
            existing_id=occupant.id if occupant else None,
        )

    def _findings(
        self, work: Work, scope: OrganizationScope, fields: ConfigurationFields
    ) -> Sequence[ActivationFinding]:
        found: list[ActivationFinding] = []
        for name, mapping_id in _mapping_ids(fields):
            version = self._mappings.latest_version(work, scope, mapping_id)
            blocked = blocking(version.findings, accept_at_least_once=fields.accepts_at_least_once)
            found += [
                ActivationFinding(
                    mapping=name,
                    severity=finding.severity,
                    code=finding.code,
                    line=finding.line,
                    key=finding.key,
                    text=finding.text,
                    remedy=finding.remedy,
                    blocks=finding in blocked,
                )
                for finding in version.findings
            ]
        return found

    def _refuse_blocked(
        self, work: Work, scope: OrganizationScope, fields: ConfigurationFields
    ) -> None:
        blocked = [finding for finding in self._findings(work, scope, fields) if finding.blocks]
        if blocked:
            reasons = " ".join(f"{finding.text} {finding.remedy}".strip() for finding in blocked)
            raise InvalidInput(
                _("A mapping cannot be used yet. {reasons}").format(reasons=reasons),
                code="mapping_blocks_activation",
                fields={f"{finding.mapping}_mapping": finding.text for finding in blocked},
            )

    def _check(self, work: Work, scope: OrganizationScope, fields: ConfigurationFields) -> None:
        wrong: dict[str, str] = {}
        if not fields.title.strip() or len(fields.title) > _TITLE_LENGTH:
            wrong["title"] = _("Give a title of 1 to 200 characters.")
        if fields.document_type not in DOCUMENT_TYPES:
            wrong["document_type"] = _("Choose a document type.")
        wrong |= self._wrong_references(work, scope, fields)
        if wrong:
            raise InvalidInput(" ".join(wrong.values()), fields=wrong)

    def _wrong_references(
        self, work: Work, scope: OrganizationScope, fields: ConfigurationFields
    ) -> dict[str, str]:
        wrong: dict[str, str] = {}
        if not self._has_connection(work, scope, fields.connection_id):
            wrong["connection"] = _("Upload or choose an ION API file.")
        if not self._has_mapping(work, scope, fields.idm_mapping_id, MappingKind.IDM):
            wrong["idm_mapping"] = _("Upload or choose an IDM mapping file.")
        if fields.method.needs_bod_mapping and not self._has_mapping(
            work, scope, fields.bod_mapping_id, MappingKind.BOD
        ):
            wrong["bod_mapping"] = _("Upload or choose a BOD mapping file.")
        if fields.sub_organization_id is not None:
            known = self._identity.list_sub_organizations(work, scope)
            if fields.sub_organization_id not in {organization.id for organization in known}:
                wrong["sub_organization"] = _("Choose a sub-organization of yours.")
        return wrong

    def _is_same_tenant(
        self, work: Work, scope: OrganizationScope, one_id: str, other_id: str
    ) -> bool:
        one = self._connections.shown(work, scope, one_id)
        other = self._connections.shown(work, scope, other_id)
        return (one.tenant_id, one.gateway) == (other.tenant_id, other.gateway)

    def _has_connection(self, work: Work, scope: OrganizationScope, connection_id: str) -> bool:
        try:
            self._connections.shown(work, scope, connection_id)
        except NotFound:
            return False
        return True

    def _has_mapping(
        self, work: Work, scope: OrganizationScope, mapping_id: str | None, kind: MappingKind
    ) -> bool:
        if not mapping_id:
            return False
        try:
            return self._mappings.get(work, scope, mapping_id).kind is kind
        except NotFound:
            return False

    def _record(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
        action: str,
        configuration: ExportConfiguration,
    ) -> None:
        details = {"title": configuration.title, "method": str(configuration.method)}
        self._audit.record(work, scope, actor, action, configuration.id, details)


class ConfigurationConnectionUse:
    """Answers `connections` who uses a connection (its port `ConnectionUse`)."""

    def titles(self, work: Work, scope: OrganizationScope, connection_id: str) -> Sequence[str]:
        """Return the titles of configurations that use the connection."""
        return ConfigurationRepository(work.connection).uses_connection(scope, connection_id)


def _mapping_ids(fields: ConfigurationFields) -> list[tuple[str, str]]:
    found = [("idm", fields.idm_mapping_id)]
    if fields.method.needs_bod_mapping and fields.bod_mapping_id:
        found.append(("bod", fields.bod_mapping_id))
    return found


def _columns(fields: ConfigurationFields) -> dict[str, Any]:
    method = ExportMethod(fields.method)
    return {
        "sub_organization_id": fields.sub_organization_id,
        "title": fields.title.strip(),
        "document_type": fields.document_type,
        "method": method,
        "connection_id": fields.connection_id,
        "idm_mapping_id": fields.idm_mapping_id,
        "bod_mapping_id": fields.bod_mapping_id if method.needs_bod_mapping else None,
        "accepts_at_least_once": fields.accepts_at_least_once,
    }


def _fields(configuration: ExportConfiguration) -> ConfigurationFields:
    return ConfigurationFields(
        title=configuration.title,
        document_type=configuration.document_type,
        method=configuration.method,
        connection_id=configuration.connection_id,
        idm_mapping_id=configuration.idm_mapping_id,
        bod_mapping_id=configuration.bod_mapping_id,
        sub_organization_id=configuration.sub_organization_id,
        accepts_at_least_once=configuration.accepts_at_least_once,
    )
