"""The SQL of accounts at OpenID Connect providers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from ionport.identity.model import User
from ionport.identity.openid.tables import openid_identities
from ionport.identity.repository import user_of
from ionport.identity.tables import users
from ionport.store import SystemScope


class OpenIdRepository:
    """Which user is whom at a provider; users stand above tenants."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, scope: SystemScope, issuer: str, subject: str) -> User | None:
        row = self._connection.execute(
            select(users)
            .join(openid_identities, openid_identities.c.user_id == users.c.id)
            .where(openid_identities.c.issuer == issuer)
            .where(openid_identities.c.subject == subject)
        ).one_or_none()
        return user_of(row) if row else None

    def with_email(self, scope: SystemScope, email: str, limit: int) -> Sequence[User]:
        """Return users with an e-mail address, letter case aside."""
        rows = self._connection.execute(
            select(users)
            .where(func.lower(users.c.email) == email.lower())
            .order_by(users.c.id)
            .limit(limit)
        )
        return [user_of(row) for row in rows]

    def has_identity(self, scope: SystemScope, issuer: str, user_id: str) -> bool:
        """Tell whether the user is bound to an account at the provider already."""
        table = openid_identities
        query = select(table.c.subject).where(table.c.issuer == issuer, table.c.user_id == user_id)
        return self._connection.execute(query.limit(1)).first() is not None

    def add(
        self, scope: SystemScope, issuer: str, subject: str, user_id: str, at: datetime
    ) -> None:
        self._connection.execute(
            insert(openid_identities).values(
                issuer=issuer, subject=subject, user_id=user_id, created_at=at
            )
        )

    def remove_of(self, scope: SystemScope, user_id: str) -> int:
        """Forget every account of a user; returns how many."""
        return self._connection.execute(
            delete(openid_identities).where(openid_identities.c.user_id == user_id)
        ).rowcount
