"""SQL of the row that is written to see whether the database takes one."""

from __future__ import annotations

from datetime import datetime

from ionport.store.repository import Repository
from ionport.store.scopes import SystemScope
from ionport.store.tables import readiness


class ReadinessRepository(Repository):
    """The one row of the whole installation."""

    def mark(self, scope: SystemScope, now: datetime) -> None:
        """Write the row."""
        row = self._insert(readiness).values(id=1, checked_at=now)
        changed = {"checked_at": row.excluded.checked_at}
        self._run(row.on_conflict_do_update(index_elements=["id"], set_=changed))
