"""The SQL of the clean-up."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from ionport.store import SystemScope
from ionport.store.repository import Repository


class CleanUpRepository(Repository):
    """Deletes a bounded number of rows of any table."""

    def delete(
        self, scope: SystemScope, table: Table, where: ColumnElement[bool], limit: int
    ) -> int:
        """Delete at most `limit` rows and return how many."""
        key = tuple_(*table.primary_key.columns)
        batch = select(*table.primary_key.columns).where(where).limit(limit)
        return self._run(delete(table).where(key.in_(batch))).rowcount
