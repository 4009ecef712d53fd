"""SQL of the mapping versions that deliveries name."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from ionport.exports.tables import named_mapping_versions
from ionport.mappings.tables import mapping_versions
from ionport.store import OrganizationScope, SystemScope
from ionport.store.upsert import insert_of

_v = mapping_versions.c


class NamedVersionRepository:
    """Which versions deliveries have named; asked before a mapping file is deleted."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, scope: OrganizationScope | SystemScope, version_ids: Iterable[str]) -> None:
        """Note that a delivery names these versions; most are noted already."""
        named = select(_v.id, _v.organization_id).where(_v.id.in_(list(version_ids)))
        if isinstance(scope, OrganizationScope):
            named = named.where(_v.organization_id == scope.organization_id)
        self._connection.execute(
            insert_of(self._connection)(named_mapping_versions)
            .from_select(["version_id", "organization_id"], named)
            .on_conflict_do_nothing()
        )
