"""The SQL of signed assertions that were used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from ionport.oauth.clients.tables import used_assertions
from ionport.store import TenantScope
from ionport.store.repository import Repository


class UsedAssertionRepository(Repository):
    """Ids of signed assertions: none is taken twice."""

    def use(self, scope: TenantScope, issuer: str, assertion_id: str, expires_at: datetime) -> bool:
        """Note a signed assertion's id until it expires; False when it was used before."""
        return self._stored(
            insert(used_assertions).values(
                issuer=f"{scope.tenant_id}|{issuer}",
                assertion_id=assertion_id,
                expires_at=expires_at,
            )
        )
