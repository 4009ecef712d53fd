"""The accepted findings of mapping files in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from ionport.mappings.tables import mapping_acceptances
from ionport.mappings.versions.acceptances.model import Acceptance
from ionport.store import OrganizationScope


class AcceptanceRepository:
    """The accepted findings of one organization's mapping files."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_file(self, scope: OrganizationScope, mapping_id: str) -> list[Acceptance]:
        """Return what was accepted of a file, in the order of time."""
        rows = self._connection.execute(
            select(mapping_acceptances)
            .where(
                mapping_acceptances.c.organization_id == scope.organization_id,
                mapping_acceptances.c.mapping_id == mapping_id,
            )
            .order_by(mapping_acceptances.c.accepted_at, mapping_acceptances.c.id)
        )
        return [_acceptance(row) for row in rows]

    def add(self, scope: OrganizationScope, acceptance: Acceptance) -> None:
        self._connection.execute(
            insert(mapping_acceptances).values(
                id=acceptance.id,
                organization_id=scope.organization_id,
                mapping_id=acceptance.mapping_id,
                version_number=acceptance.version_number,
                finding=acceptance.finding,
                reason=acceptance.reason,
                accepted_at=acceptance.accepted_at,
                accepted_by=acceptance.accepted_by,
            )
        )

    def remove(self, scope: OrganizationScope, mapping_id: str, finding: str) -> bool:
        """Remove an acceptance; tell whether there was one."""
        removed = self._connection.execute(
            delete(mapping_acceptances).where(
                mapping_acceptances.c.organization_id == scope.organization_id,
                mapping_acceptances.c.mapping_id == mapping_id,
                mapping_acceptances.c.finding == finding,
            )
        )
        return removed.rowcount > 0


def _acceptance(row: Row[Any]) -> Acceptance:
    return Acceptance(
        id=row.id,
        mapping_id=row.mapping_id,
        version_number=row.version_number,
        finding=row.finding,
        reason=row.reason,
        accepted_at=row.accepted_at,
        accepted_by=row.accepted_by,
    )
