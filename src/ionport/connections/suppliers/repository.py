"""SQL of fetches of suppliers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from ionport.connections.suppliers.model import FetchOutcome, FetchState, SupplierFetch
from ionport.connections.tables import supplier_fetches
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_f = supplier_fetches.c
_KEPT = 20


class FetchRepository(Repository):
    """Rows of fetches."""

    def add(self, scope: OrganizationScope, fetch: SupplierFetch) -> bool:
        """Insert a fetch and drop older ones; False where one of the connection is running."""
        values = columns_of(supplier_fetches, fetch, organization_id=scope.organization_id)
        if not self._stored(insert(supplier_fetches).values(values)):
            return False
        mine = in_scope(supplier_fetches, scope, connection_id=fetch.connection_id)
        newest = select(_f.id).where(mine).order_by(_f.started_at.desc(), _f.id.desc())
        self._run(delete(supplier_fetches).where(mine, _f.id.not_in(newest.limit(_KEPT))))
        return True

    def get(self, scope: OrganizationScope, fetch_id: str) -> SupplierFetch | None:
        return self._get(supplier_fetches, _fetch, scope, id=fetch_id)

    def running(self, scope: OrganizationScope, connection_id: str) -> SupplierFetch | None:
        """Return the fetch over a connection that is not over."""
        running = {"connection_id": connection_id, "state": FetchState.RUNNING.value}
        return self._get(supplier_fetches, _fetch, scope, **running)

    def change(self, scope: OrganizationScope, fetch_id: str, at: datetime, **values: Any) -> bool:
        """Change columns of a fetch that is running; False when it is over."""
        changed = self._run(
            update(supplier_fetches)
            .where(in_scope(supplier_fetches, scope, id=fetch_id, state=FetchState.RUNNING.value))
            .values(updated_at=at, **values)
        )
        return changed.rowcount == 1


_fetch = reader(
    SupplierFetch,
    outcome=lambda row: FetchOutcome.restored(row.outcome) if row.outcome else None,
)
