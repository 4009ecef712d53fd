"""The SQL of one-time links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from ionport.identity.accounts.model import PasswordLink
from ionport.identity.accounts.tables import password_links
from ionport.store import SystemScope
from ionport.store.repository import Repository, columns_of, reader

_OPEN = (password_links.c.used_at.is_(None), password_links.c.revoked_at.is_(None))


class LinkRepository(Repository):
    """One-time links; users stand above tenants, so the scope is the system's."""

    def add(self, scope: SystemScope, link: PasswordLink) -> None:
        self._run(insert(password_links).values(columns_of(password_links, link)))

    def find(self, scope: SystemScope, digest: str) -> PasswordLink | None:
        return self._one(select(password_links).where(password_links.c.digest == digest), _link)

    def list_of(self, scope: SystemScope, user_id: str, limit: int) -> Sequence[PasswordLink]:
        """Return a user's links, the newest first."""
        return self._all(
            select(password_links)
            .where(password_links.c.user_id == user_id)
            .order_by(password_links.c.created_at.desc(), password_links.c.digest)
            .limit(limit),
            _link,
        )

    def use(self, scope: SystemScope, digest: str, at: datetime) -> bool:
        """Mark a link used; False when it is unknown, used, revoked or expired."""
        changed = self._run(
            update(password_links)
            .where(password_links.c.digest == digest, *_OPEN, password_links.c.expires_at > at)
            .values(used_at=at)
        )
        return changed.rowcount == 1

    def revoke_of(self, scope: SystemScope, user_id: str, at: datetime) -> int:
        """Revoke a user's open links; returns how many."""
        return self._run(
            update(password_links)
            .where(password_links.c.user_id == user_id, *_OPEN, password_links.c.expires_at > at)
            .values(revoked_at=at)
        ).rowcount


_link = reader(PasswordLink)
