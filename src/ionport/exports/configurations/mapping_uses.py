"""Tells `mappings` which configurations use a file (port `MappingUses`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ionport.exports.configurations.mapping_use_repository import MappingUseRepository
from ionport.mappings.ports import MappingUse
from ionport.store import OrganizationScope, ScopedWork


class ConfigurationMappingUses:
    """The configurations that are not deleted, and what the ledger names."""

    def of(
        self, access: ScopedWork[OrganizationScope], mapping_ids: Collection[str]
    ) -> Mapping[str, Sequence[MappingUse]]:
        """Return the uses by mapping file, the active ones first."""
        found: dict[str, list[MappingUse]] = {}
        repository = MappingUseRepository(access.connection)
        for mapping_id, use in repository.uses(access.scope, mapping_ids):
            found.setdefault(mapping_id, []).append(use)
        return found

    def is_named(self, access: ScopedWork[OrganizationScope], mapping_id: str) -> bool:
        """Tell whether a configuration, deleted or not, or a delivery names the file."""
        return MappingUseRepository(access.connection).is_named(access.scope, mapping_id)
