"""SQL of API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ionport.identity.api_keys.model import ApiKey, ApiScope
from ionport.identity.api_keys.tables import api_keys
from ionport.store import OrganizationScope, SystemScope

_keys = api_keys.c


class ApiKeyRepository:
    """API keys of an organization."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: OrganizationScope, key: ApiKey, digest: str) -> None:
        """Keep a new key by its digest."""
        self._connection.execute(
            insert(api_keys).values(
                id=key.id,
                organization_id=scope.organization_id,
                user_id=key.user_id,
                name=key.name,
                hint=key.hint,
                digest=digest,
                scopes=sorted(key.scopes),
                created_at=key.created_at,
                created_by=key.created_by,
                expires_at=key.expires_at,
            )
        )

    def list(self, scope: OrganizationScope, limit: int) -> Sequence[ApiKey]:
        """Return the keys, the newest first."""
        rows = self._connection.execute(
            select(api_keys)
            .where(_keys.organization_id == scope.organization_id)
            .order_by(_keys.id.desc())
            .limit(limit)
        )
        return [_key(row) for row in rows]

    def find(self, scope: SystemScope, digest: str) -> ApiKey | None:
        """Return the key of that digest, whichever organization's it is, or None."""
        row = self._connection.execute(select(api_keys).where(_keys.digest == digest)).one_or_none()
        return None if row is None else _key(row)

    def touch(self, scope: OrganizationScope, key_id: str, at: datetime) -> None:
        """Note that the key was used."""
        self._connection.execute(
            update(api_keys)
            .where(_keys.organization_id == scope.organization_id, _keys.id == key_id)
            .values(last_used_at=at)
        )

    def remove(self, scope: OrganizationScope, key_id: str) -> None:
        """Delete a key, and the answers that were kept for it."""
        self._connection.execute(
            delete(api_keys).where(
                _keys.organization_id == scope.organization_id, _keys.id == key_id
            )
        )


def _key(row: Row[Any]) -> ApiKey:
    known = {scope.value for scope in ApiScope}
    return ApiKey(
        id=row.id,
        organization_id=row.organization_id,
        user_id=row.user_id,
        name=row.name,
        hint=row.hint,
        scopes=frozenset(ApiScope(scope) for scope in row.scopes if scope in known),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
