"""The SQL of signed assertions that were used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Connection,
    insert,
)
from sqlalchemy.exc import IntegrityError

from ionport.oauth.clients.tables import used_assertions
from ionport.store import TenantScope


class UsedAssertionRepository:
    """Ids of signed assertions: none is taken twice."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def use(self, scope: TenantScope, issuer: str, assertion_id: str, expires_at: datetime) -> bool:
        """Note a signed assertion's id until it expires; False when it was used before."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(used_assertions).values(
                        issuer=f"{scope.tenant_id}|{issuer}",
                        assertion_id=assertion_id,
                        expires_at=expires_at,
                    )
                )
        except IntegrityError:
            return False
        return True
