"""SQL of control keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select

from ionport.sandbox.control.keys.model import ControlKey
from ionport.sandbox.control.tables import control_keys
from ionport.store import SystemScope, TenantScope
from ionport.store.repository import Repository, columns_of

_keys = control_keys.c


class ControlKeyRepository(Repository):
    """Control keys of a tenant."""

    def add(self, scope: TenantScope, key: ControlKey, digest: str) -> None:
        """Keep a new key by its digest."""
        self._run(
            insert(control_keys).values(
                columns_of(control_keys, key, tenant_id=scope.tenant_id, digest=digest)
            )
        )

    def list(self, scope: TenantScope, limit: int) -> Sequence[ControlKey]:
        """Return the keys, the oldest first."""
        return self._all(
            select(control_keys)
            .where(_keys.tenant_id == scope.tenant_id)
            .order_by(_keys.id)
            .limit(limit),
            _key,
        )

    def find(self, scope: SystemScope, digest: str) -> ControlKey | None:
        """Return the key of that digest, whichever tenant's it is, or None."""
        return self._one(select(control_keys).where(_keys.digest == digest), _key)

    def remove(self, scope: TenantScope, key_id: str) -> None:
        """Delete a key."""
        self._delete(control_keys, scope, id=key_id)


def _key(row: Row[Any]) -> ControlKey:
    return ControlKey(row.id, row.tenant_id, row.name, row.created_at, row.created_by)
