"""The only SQL of automatic exports."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, exists, func, or_, select

from ionport.documents.model import DocumentStatus
from ionport.documents.tables import documents
from ionport.exports.tables import deliveries, export_configurations
from ionport.store import OrganizationScope
from ionport.store.repository import Repository

_c, _e = documents.c, export_configurations.c
_HAS_TARGET = exists().where(
    _e.organization_id == _c.organization_id,
    _e.document_type == _c.document_type,
    _e.sub_organization_id.is_not_distinct_from(_c.sub_organization_id),
    _e.is_active.is_(True),
    _e.deleted_at.is_(None),
    # Documents from before the activation wait for a person.
    or_(_e.activated_at.is_(None), _c.created_at >= _e.activated_at),
)
_IS_WAITING = (
    _c.organization_id == bindparam("organization"),
    _c.status == DocumentStatus.VALIDATED_PENDING_EXPORT.value,
    _c.purged_at.is_(None),
    _HAS_TARGET,
    # Documents that were delivered or given up are exported again by a person alone.
    ~exists().where(deliveries.c.document_id == _c.id),
)
_WAITS = select(_c.id).where(_c.id == bindparam("document"), *_IS_WAITING)
_WAITING = (
    select(_c.id)
    .where(
        *_IS_WAITING,
        _c.document_type.in_(bindparam("types", expanding=True)),
        _c.id.not_in(bindparam("but_for", expanding=True)),
    )
    .order_by(_c.created_at, _c.id)
    .limit(bindparam("most"))
)
_AT_PLACE = (
    select(_c.id)
    .where(
        _c.organization_id == bindparam("organization"),
        _c.status == DocumentStatus.VALIDATED_PENDING_EXPORT.value,
        _c.document_type == bindparam("type"),
        _c.sub_organization_id.is_not_distinct_from(bindparam("sub_organization")),
        _c.purged_at.is_(None),
    )
    .limit(bindparam("most"))
)
_COUNT_AT_PLACE = select(func.count()).select_from(_AT_PLACE.subquery())


class AutomaticRepository(Repository):
    """Documents that wait for an automatic export."""

    def waiting(
        self,
        scope: OrganizationScope,
        document_types: Collection[str],
        but_for: Collection[str],
        most: int,
    ) -> Sequence[str]:
        """Return the ids of the oldest that were never exported and have a configuration."""
        parameters = {
            "organization": scope.organization_id,
            "types": list(document_types),
            "but_for": list(but_for),
            "most": most,
        }
        return list(self._run(_WAITING, parameters).scalars())

    def waits(self, scope: OrganizationScope, document_id: str) -> bool:
        """Tell whether a document was never exported and has a configuration."""
        parameters = {"organization": scope.organization_id, "document": document_id}
        return self._run(_WAITS, parameters).first() is not None

    def count_at_place(
        self,
        scope: OrganizationScope,
        document_type: str,
        sub_organization_id: str | None,
        most: int,
    ) -> int:
        """Return how many documents wait for an export there; `most` are counted."""
        parameters = {
            "organization": scope.organization_id,
            "type": document_type,
            "sub_organization": sub_organization_id,
            "most": most,
        }
        return int(self._run(_COUNT_AT_PLACE, parameters).scalar_one())
