"""A configuration is switched to another version of one of its mapping files."""

from __future__ import annotations

from dataclasses import replace

from ionport.core.clock import Clock
from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.exports.configurations.checks import ConfigurationChecks, pinned
from ionport.exports.configurations.model import ConfigurationAction, ExportConfiguration, Switched
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.mappings.model import MappingKind
from ionport.store import OrganizationScope


class VersionSwitching:
    """Switches versions; the callers check the right."""

    def __init__(self, clock: Clock, audit: AuditLog, checks: ConfigurationChecks) -> None:
        self._clock = clock
        self._audit = audit
        self._checks = checks

    def switch(
        self,
        access: Access[OrganizationScope],
        configuration: ExportConfiguration,
        kind: MappingKind,
        version_id: str,
    ) -> Switched:
        """Let a configuration use another version; see `ExportConfigurationService`."""
        used = configuration.mappings.get(kind)
        if used is None:
            raise NotFound(
                _("“{title}” uses no mapping file of the kind {kind}.").format(
                    title=configuration.title, kind=kind.label
                )
            )
        before = self._checks.version_of(access, kind, used.mapping_id, used.version_id)
        after = self._checks.version_of(access, kind, used.mapping_id, version_id)
        under_way = DeliveryRepository(access.connection).count_open(access.scope, configuration.id)
        if after.id == before.id:
            return Switched(configuration, before, after, under_way)
        versions = self._checks.used_versions(access, configuration) | {kind: after}
        if configuration.is_active:
            self._checks.refuse_blocked(versions, configuration.fields)
        repository = ConfigurationRepository(access.connection)
        now, chosen = self._clock.now(), pinned(versions)
        repository.pin(access.scope, configuration.id, chosen)
        repository.update(access.scope, configuration.id, {"updated_at": now})
        details = {
            "title": configuration.title,
            "mapping": after.mapping_name,
            "before": str(before.number),
            "after": str(after.number),
            "under_way": str(under_way),
        }
        action = ConfigurationAction.SWITCHED
        self._audit.record(access, action, configuration.id, details)
        changed = replace(configuration, mappings=chosen, updated_at=now)
        return Switched(changed, before, after, under_way)
