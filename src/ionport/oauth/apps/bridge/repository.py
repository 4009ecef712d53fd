"""The SQL of apps' public keys."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select

from ionport.oauth.apps.model import BridgeKey
from ionport.oauth.apps.tables import authorized_apps, bridge_keys
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader


class BridgeKeyRepository(Repository):
    """The public keys of apps that authenticate with signed assertions."""

    def add(self, scope: TenantScope, key: BridgeKey) -> None:
        owned = select(authorized_apps.c.id).where(in_scope(authorized_apps, scope, id=key.app_id))
        self._run(
            insert(bridge_keys).values(columns_of(bridge_keys, key, app_id=owned.scalar_subquery()))
        )

    def list(self, scope: TenantScope, app_id: str) -> Sequence[BridgeKey]:
        """Return an app's keys, newest first: a handful at most."""
        query = (
            select(bridge_keys)
            .join(authorized_apps)
            .where(authorized_apps.c.tenant_id == scope.tenant_id)
            .where(bridge_keys.c.app_id == app_id)
            .order_by(bridge_keys.c.created_at.desc(), bridge_keys.c.id.desc())
        )
        return self._all(query, reader(BridgeKey))

    def remove(self, scope: TenantScope, app_id: str, key_id: str) -> bool:
        """Forget a key; False when the app has no such key."""
        owned = select(authorized_apps.c.id).where(authorized_apps.c.tenant_id == scope.tenant_id)
        result = self._run(
            delete(bridge_keys)
            .where(bridge_keys.c.id == key_id, bridge_keys.c.app_id == app_id)
            .where(bridge_keys.c.app_id.in_(owned))
        )
        return result.rowcount == 1
