"""SQL of which configurations and deliveries name mapping files."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, exists, or_, select

from ionport.exports.tables import (
    configuration_mappings,
    export_configurations,
    named_mapping_versions,
)
from ionport.mappings.ports import MappingUse
from ionport.mappings.tables import mapping_versions
from ionport.store import OrganizationScope

_c = export_configurations.c
_n = named_mapping_versions.c
_m = configuration_mappings.c
_MOST = 500


class MappingUseRepository:
    """Reads which configurations and deliveries of an organization name mapping files."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def uses(
        self, scope: OrganizationScope, mapping_ids: Collection[str]
    ) -> list[tuple[str, MappingUse]]:
        """Return the mapping files with what uses them, the active ones first; at most 500."""
        rows = self._connection.execute(
            select(_m.mapping_id, _c.id, _c.title, _c.is_active, mapping_versions.c.number)
            .join_from(configuration_mappings, export_configurations)
            .join(mapping_versions, mapping_versions.c.id == _m.version_id)
            .where(
                _m.organization_id == scope.organization_id,
                _m.mapping_id.in_(mapping_ids),
                _c.deleted_at.is_(None),
            )
            .order_by(_c.is_active.desc(), _c.title, _c.id)
            .limit(_MOST)
        )
        return [
            (row.mapping_id, MappingUse(row.id, row.title, row.is_active, row.number))
            for row in rows
        ]

    def is_named(self, scope: OrganizationScope, mapping_id: str) -> bool:
        """Tell whether a configuration, deleted or not, or a delivery names the mapping file."""
        by_configuration = exists().where(
            _m.organization_id == scope.organization_id, _m.mapping_id == mapping_id
        )
        by_delivery = exists().where(
            _n.organization_id == scope.organization_id,
            _n.version_id == mapping_versions.c.id,
            mapping_versions.c.organization_id == scope.organization_id,
            mapping_versions.c.mapping_id == mapping_id,
        )
        return bool(self._connection.execute(select(or_(by_configuration, by_delivery))).scalar())
