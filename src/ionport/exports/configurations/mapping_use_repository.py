"""SQL of which configurations and deliveries name mapping files."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, exists, or_, select

from ionport.exports.tables import deliveries, export_configurations
from ionport.mappings.ports import MappingUse
from ionport.mappings.tables import mapping_versions
from ionport.store import OrganizationScope

_c = export_configurations.c
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
            select(_c.id, _c.title, _c.is_active, _c.idm_mapping_id, _c.bod_mapping_id)
            .where(
                _c.organization_id == scope.organization_id,
                _c.deleted_at.is_(None),
                or_(_c.idm_mapping_id.in_(mapping_ids), _c.bod_mapping_id.in_(mapping_ids)),
            )
            .order_by(_c.is_active.desc(), _c.title, _c.id)
            .limit(_MOST)
        )
        return [
            (mapping_id, MappingUse(row.id, row.title, row.is_active))
            for row in rows
            for mapping_id in (row.idm_mapping_id, row.bod_mapping_id)
            if mapping_id in mapping_ids
        ]

    def is_named(self, scope: OrganizationScope, mapping_id: str) -> bool:
        """Tell whether a configuration, deleted or not, or a delivery names the mapping file."""
        versions = select(mapping_versions.c.id).where(
            mapping_versions.c.organization_id == scope.organization_id,
            mapping_versions.c.mapping_id == mapping_id,
        )
        d = deliveries.c
        by_configuration = exists().where(
            _c.organization_id == scope.organization_id,
            or_(_c.idm_mapping_id == mapping_id, _c.bod_mapping_id == mapping_id),
        )
        by_delivery = exists().where(
            d.organization_id == scope.organization_id,
            or_(
                d.idm_mapping_version_id.in_(versions),
                d.bod_mapping_version_id.in_(versions),
            ),
        )
        return bool(self._connection.execute(select(or_(by_configuration, by_delivery))).scalar())
