"""SQL of snapshots."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from ionport.sandbox.control.state.model import Snapshot
from ionport.sandbox.control.tables import sandbox_snapshot_files, sandbox_snapshots
from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.store import TenantScope

_snapshots = sandbox_snapshots.c
_files = sandbox_snapshot_files.c


class SnapshotRepository:
    """Snapshots of a tenant, with the names of the files that their rows name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, scope: TenantScope, limit: int) -> Sequence[Snapshot]:
        """Return the snapshots by name."""
        rows = self._connection.execute(
            select(sandbox_snapshots)
            .where(_snapshots.tenant_id == scope.tenant_id)
            .order_by(_snapshots.name)
            .limit(limit)
        )
        return [_snapshot(row) for row in rows]

    def find(self, scope: TenantScope, name: str) -> Snapshot | None:
        """Return the snapshot of that name, or None."""
        row = self._connection.execute(
            select(sandbox_snapshots).where(
                _snapshots.tenant_id == scope.tenant_id, _snapshots.name == name
            )
        ).one_or_none()
        return None if row is None else _snapshot(row)

    def add(self, scope: TenantScope, snapshot: Snapshot, files: Collection[str]) -> None:
        """Keep a new snapshot."""
        self._connection.execute(
            insert(sandbox_snapshots).values(
                id=snapshot.id,
                tenant_id=scope.tenant_id,
                name=snapshot.name,
                rows=snapshot.rows,
                size=snapshot.size,
                content_sha256=snapshot.content_sha256,
                created_at=snapshot.created_at,
                created_by=snapshot.created_by,
            )
        )
        if files:
            self._connection.execute(
                insert(sandbox_snapshot_files),
                [{"snapshot_id": snapshot.id, "sha256": name} for name in files],
            )

    def remove(self, scope: TenantScope, snapshot: Snapshot, now: datetime) -> None:
        """Delete a snapshot, and let go of its file and of those that its rows name."""
        files = select(_files.sha256).where(_files.snapshot_id == snapshot.id)
        content = select(_snapshots.content_sha256).where(_snapshots.id == snapshot.id)
        ReleaseRepository(self._connection).release(scope, files.union(content), now)
        self._connection.execute(
            delete(sandbox_snapshots).where(
                _snapshots.tenant_id == scope.tenant_id, _snapshots.id == snapshot.id
            )
        )


def _snapshot(row: Row[Any]) -> Snapshot:
    return Snapshot(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        rows=row.rows,
        size=row.size,
        content_sha256=row.content_sha256,
        created_at=row.created_at,
        created_by=row.created_by,
    )
