"""SQL of control keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from ionport.sandbox.control.keys.model import ControlKey
from ionport.sandbox.control.tables import control_keys
from ionport.store import SystemScope, TenantScope

_keys = control_keys.c


class ControlKeyRepository:
    """Control keys of a tenant."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, key: ControlKey, digest: str) -> None:
        """Keep a new key by its digest."""
        self._connection.execute(
            insert(control_keys).values(
                id=key.id,
                tenant_id=scope.tenant_id,
                name=key.name,
                digest=digest,
                created_at=key.created_at,
                created_by=key.created_by,
            )
        )

    def list(self, scope: TenantScope, limit: int) -> Sequence[ControlKey]:
        """Return the keys, the oldest first."""
        rows = self._connection.execute(
            select(control_keys)
            .where(_keys.tenant_id == scope.tenant_id)
            .order_by(_keys.id)
            .limit(limit)
        )
        return [_key(row) for row in rows]

    def find(self, scope: SystemScope, digest: str) -> ControlKey | None:
        """Return the key of that digest, whichever tenant's it is, or None."""
        row = self._connection.execute(
            select(control_keys).where(_keys.digest == digest)
        ).one_or_none()
        return None if row is None else _key(row)

    def remove(self, scope: TenantScope, key_id: str) -> None:
        """Delete a key."""
        self._connection.execute(
            delete(control_keys).where(_keys.tenant_id == scope.tenant_id, _keys.id == key_id)
        )


def _key(row: Row[Any]) -> ControlKey:
    return ControlKey(row.id, row.tenant_id, row.name, row.created_at, row.created_by)
