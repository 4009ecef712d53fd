"""The SQL of one-time links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from ionport.identity.accounts.model import LinkKind, PasswordLink
from ionport.identity.accounts.tables import password_links
from ionport.store import SystemScope

_OPEN = (password_links.c.used_at.is_(None), password_links.c.revoked_at.is_(None))


class LinkRepository:
    """One-time links; users stand above tenants, so the scope is the system's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: SystemScope, link: PasswordLink) -> None:
        self._connection.execute(
            insert(password_links).values(
                digest=link.digest,
                user_id=link.user_id,
                kind=link.kind.value,
                made_for=link.made_for,
                created_at=link.created_at,
                created_by=link.created_by,
                expires_at=link.expires_at,
            )
        )

    def find(self, scope: SystemScope, digest: str) -> PasswordLink | None:
        row = self._connection.execute(
            select(password_links).where(password_links.c.digest == digest)
        ).one_or_none()
        return _link(row) if row else None

    def list_of(self, scope: SystemScope, user_id: str, limit: int) -> Sequence[PasswordLink]:
        """Return a user's links, the newest first."""
        rows = self._connection.execute(
            select(password_links)
            .where(password_links.c.user_id == user_id)
            .order_by(password_links.c.created_at.desc(), password_links.c.digest)
            .limit(limit)
        )
        return [_link(row) for row in rows]

    def use(self, scope: SystemScope, digest: str, at: datetime) -> bool:
        """Mark a link used; False when it is unknown, used, revoked or expired."""
        changed = self._connection.execute(
            update(password_links)
            .where(password_links.c.digest == digest, *_OPEN, password_links.c.expires_at > at)
            .values(used_at=at)
        )
        return changed.rowcount == 1

    def revoke_of(self, scope: SystemScope, user_id: str, at: datetime) -> int:
        """Revoke a user's open links; returns how many."""
        return self._connection.execute(
            update(password_links)
            .where(password_links.c.user_id == user_id, *_OPEN, password_links.c.expires_at > at)
            .values(revoked_at=at)
        ).rowcount


def _link(row: Row[Any]) -> PasswordLink:
    return PasswordLink(
        digest=row.digest,
        user_id=row.user_id,
        kind=LinkKind(row.kind),
        made_for=row.made_for,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
