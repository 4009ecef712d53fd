"""The SQL of accounts at OpenID Connect providers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from ionport.identity.model import User
from ionport.identity.openid.tables import openid_identities
from ionport.identity.repository import user_of
from ionport.identity.tables import users
from ionport.store import SystemScope
from ionport.store.repository import Repository


class OpenIdRepository(Repository):
    """Which user is whom at a provider; users stand above tenants."""

    def find(self, scope: SystemScope, issuer: str, subject: str) -> User | None:
        return self._one(
            select(users)
            .join(openid_identities, openid_identities.c.user_id == users.c.id)
            .where(openid_identities.c.issuer == issuer)
            .where(openid_identities.c.subject == subject),
            user_of,
        )

    def with_email(self, scope: SystemScope, email: str, limit: int) -> Sequence[User]:
        """Return users with an e-mail address, letter case aside."""
        return self._all(
            select(users)
            .where(func.lower(users.c.email) == email.lower())
            .order_by(users.c.id)
            .limit(limit),
            user_of,
        )

    def has_identity(self, scope: SystemScope, issuer: str, user_id: str) -> bool:
        """Tell whether the user is bound to an account at the provider already."""
        table = openid_identities
        query = select(table.c.subject).where(table.c.issuer == issuer, table.c.user_id == user_id)
        return self._run(query.limit(1)).first() is not None

    def add(
        self, scope: SystemScope, issuer: str, subject: str, user_id: str, at: datetime
    ) -> None:
        self._run(
            insert(openid_identities).values(
                issuer=issuer, subject=subject, user_id=user_id, created_at=at
            )
        )

    def remove_of(self, scope: SystemScope, user_id: str) -> int:
        """Forget every account of a user; returns how many."""
        return self._run(
            delete(openid_identities).where(openid_identities.c.user_id == user_id)
        ).rowcount
