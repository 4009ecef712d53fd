"""The SQL of the counters behind the limits."""

from __future__ import annotations

from datetime import datetime

from ionport.oauth.tokens.tables import login_counters
from ionport.store import TenantScope
from ionport.store.repository import Repository


class LoginCounterRepository(Repository):
    """How often something happened in a window, counted in one statement."""

    def count(
        self, scope: TenantScope, kind: str, subject: str, starts_at: datetime, allowed: int
    ) -> bool:
        """Count once more; False, and nothing changed, when `allowed` is reached."""
        first = self._insert(login_counters).values(
            tenant_id=scope.tenant_id, kind=kind, subject=subject, starts_at=starts_at, count=1
        )
        once_more = first.on_conflict_do_update(
            index_elements=list(login_counters.primary_key.columns),
            set_={"count": login_counters.c.count + 1},
            where=login_counters.c.count < allowed,
        ).returning(login_counters.c.count)
        return self._run(once_more).first() is not None
