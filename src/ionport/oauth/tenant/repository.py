"""The SQL of tenant settings and custom scopes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from ionport.oauth.tenant.scopes import CustomScope
from ionport.oauth.tenant.settings import Limits, TenantSettings
from ionport.oauth.tenant.tables import custom_scopes, tenant_settings
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, reader

# Made once: every token request asks it.
_SETTINGS: Final = select(tenant_settings).where(tenant_settings.c.tenant_id == bindparam("tenant"))


class TenantSettingsRepository(Repository):
    """A tenant's settings; a tenant without a row has the defaults."""

    def get(self, scope: TenantScope) -> TenantSettings:
        found = self._one(_SETTINGS, _settings, {"tenant": scope.tenant_id})
        return found or TenantSettings()

    def put(self, scope: TenantScope, settings: TenantSettings, at: datetime, by: str) -> None:
        values = columns_of(tenant_settings, settings, changed_at=at, changed_by=by)
        values |= columns_of(tenant_settings, settings.limits, limits_are_on=settings.limits.are_on)
        change = (
            update(tenant_settings)
            .where(tenant_settings.c.tenant_id == scope.tenant_id)
            .values(values)
        )
        if self._run(change).rowcount:
            return
        row = values | {"tenant_id": scope.tenant_id}
        if not self._stored(insert(tenant_settings).values(row)):
            # Another administrator saved at this moment: the last one counts.
            self._run(change)


_settings = reader(TenantSettings, limits=reader(Limits, are_on="limits_are_on"))


class CustomScopeRepository(Repository):
    """Scopes of the tenant's own."""

    def add(self, scope: TenantScope, custom: CustomScope) -> bool:
        """Store a new scope; False when the tenant has one of that name."""
        values = columns_of(custom_scopes, custom, tenant_id=scope.tenant_id)
        return self._stored(insert(custom_scopes).values(values))

    def list(self, scope: TenantScope, limit: int) -> Sequence[CustomScope]:
        """Return the tenant's scopes by name."""
        query = (
            select(custom_scopes)
            .where(custom_scopes.c.tenant_id == scope.tenant_id)
            .order_by(custom_scopes.c.name)
            .limit(limit)
        )
        return self._all(query, reader(CustomScope))

    def remove(self, scope: TenantScope, name: str) -> bool:
        """Delete a scope; False when there was none of that name."""
        return self._delete(custom_scopes, scope, name=name) == 1
