"""SQL of files that rows have released: note them, and ask whether another row names them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Select, delete, literal, select, union_all, update

from ionport.sandbox.kit.tables import released_blobs
from ionport.store import Moment, SystemScope, TenantScope, columns_that_name_files
from ionport.store.repository import Repository

_released = released_blobs.c


class ReleaseRepository(Repository):
    """Files that no row may name any more, in the whole installation."""

    def release(
        self, scope: TenantScope, names: Select[Any] | CompoundSelect[Any], now: datetime
    ) -> None:
        """Note the files that a query over rows about to be deleted names."""
        # scope unused: the caller's query is in its scope, and the list is the installation's
        found = names.subquery()
        (name,) = found.c
        rows = select(name, literal(now, Moment)).where(name.is_not(None)).distinct()
        released = self._insert(released_blobs).from_select(["name", "released_at"], rows)
        again = {"released_at": released.excluded.released_at}
        self._run(released.on_conflict_do_update(index_elements=["name"], set_=again))

    def due(self, scope: SystemScope, before: datetime, limit: int) -> Sequence[str]:
        """Return files that were released before a moment."""
        query = select(_released.name).where(_released.released_at < before).limit(limit)
        return list(self._run(query).scalars())

    def named(self, scope: SystemScope, names: Collection[str]) -> set[str]:
        """Return those files that some row of any table names."""
        parts = [
            select(each).select_from(where).where(each.in_(names))
            for where, each in columns_that_name_files(self._connection)
        ]
        return set(self._run(union_all(*parts)).scalars()) if parts else set()

    def forget(self, scope: SystemScope, names: Collection[str], before: datetime) -> None:
        """Take files off the list that have not been released again since `before`."""
        is_over = _released.name.in_(names) & (_released.released_at < before)
        self._run(delete(released_blobs).where(is_over))

    def look_later(
        self, scope: SystemScope, names: Collection[str], before: datetime, now: datetime
    ) -> None:
        """Move files that have not been released since `before` to the end of the list."""
        is_due = _released.name.in_(names) & (_released.released_at < before)
        self._run(update(released_blobs).where(is_due).values(released_at=now))
