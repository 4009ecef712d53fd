"""SQL of snapshots."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import insert, select

from ionport.sandbox.control.state.model import Snapshot
from ionport.sandbox.control.tables import sandbox_snapshot_files, sandbox_snapshots
from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, reader

_snapshots = sandbox_snapshots.c
_files = sandbox_snapshot_files.c


class SnapshotRepository(Repository):
    """Snapshots of a tenant, with the names of the files that their rows name."""

    def list(self, scope: TenantScope, limit: int) -> Sequence[Snapshot]:
        """Return the snapshots by name."""
        return self._all(
            select(sandbox_snapshots)
            .where(_snapshots.tenant_id == scope.tenant_id)
            .order_by(_snapshots.name)
            .limit(limit),
            _snapshot,
        )

    def find(self, scope: TenantScope, name: str) -> Snapshot | None:
        """Return the snapshot of that name, or None."""
        return self._get(sandbox_snapshots, _snapshot, scope, name=name)

    def add(self, scope: TenantScope, snapshot: Snapshot, files: Collection[str]) -> None:
        """Keep a new snapshot."""
        self._run(
            insert(sandbox_snapshots).values(
                columns_of(sandbox_snapshots, snapshot, tenant_id=scope.tenant_id)
            )
        )
        if files:
            self._run(
                insert(sandbox_snapshot_files),
                [{"snapshot_id": snapshot.id, "sha256": name} for name in files],
            )

    def remove(self, scope: TenantScope, snapshot: Snapshot, now: datetime) -> None:
        """Delete a snapshot, and release its file and those that its rows name."""
        files = select(_files.sha256).where(_files.snapshot_id == snapshot.id)
        content = select(_snapshots.content_sha256).where(_snapshots.id == snapshot.id)
        ReleaseRepository(self._connection).release(scope, files.union(content), now)
        self._delete(sandbox_snapshots, scope, id=snapshot.id)


_snapshot = reader(Snapshot)
