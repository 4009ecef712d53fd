"""The SQL of tenant settings and custom scopes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ionport.oauth.tenant.scopes import CustomScope
from ionport.oauth.tenant.settings import (
    Limits,
    ScopeMode,
    TenantSettings,
    TokenForm,
    UrlFlavour,
)
from ionport.oauth.tenant.tables import custom_scopes, tenant_settings
from ionport.store import TenantScope

# Made once: every token request asks it.
_SETTINGS: Final = select(tenant_settings).where(tenant_settings.c.tenant_id == bindparam("tenant"))


class TenantSettingsRepository:
    """A tenant's settings; what nobody has set up has the defaults."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, scope: TenantScope) -> TenantSettings:
        values = {"tenant": scope.tenant_id}
        row = self._connection.execute(_SETTINGS, values).mappings().one_or_none()
        if row is None:
            return TenantSettings()
        return TenantSettings(
            scope_mode=ScopeMode(row["scope_mode"]),
            implicit_allowed=row["implicit_allowed"],
            url_flavour=UrlFlavour(row["url_flavour"]),
            token_form=TokenForm(row["token_form"]),
            limits=Limits(
                are_on=row["limits_are_on"],
                logins_per_minute=row["logins_per_minute"],
                logins_per_day=row["logins_per_day"],
                tokens_per_client_per_day=row["tokens_per_client_per_day"],
            ),
        )

    def put(self, scope: TenantScope, settings: TenantSettings, at: datetime, by: str) -> None:
        values = {
            "scope_mode": settings.scope_mode,
            "implicit_allowed": settings.implicit_allowed,
            "url_flavour": settings.url_flavour,
            "token_form": settings.token_form,
            "limits_are_on": settings.limits.are_on,
            "logins_per_minute": settings.limits.logins_per_minute,
            "logins_per_day": settings.limits.logins_per_day,
            "tokens_per_client_per_day": settings.limits.tokens_per_client_per_day,
            "changed_at": at,
            "changed_by": by,
        }
        change = (
            update(tenant_settings)
            .where(tenant_settings.c.tenant_id == scope.tenant_id)
            .values(values)
        )
        if self._connection.execute(change).rowcount:
            return
        row = values | {"tenant_id": scope.tenant_id}
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(tenant_settings).values(row))
        except IntegrityError:
            # Another administrator saved at this moment: the last one counts.
            self._connection.execute(change)


class CustomScopeRepository:
    """Scopes of the tenant's own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, custom: CustomScope) -> bool:
        """Store a new scope; False when the tenant has one of that name."""
        values = {column.name: getattr(custom, column.name) for column in custom_scopes.c}
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    insert(custom_scopes).values(values | {"tenant_id": scope.tenant_id})
                )
        except IntegrityError:
            return False
        return True

    def list(self, scope: TenantScope, limit: int) -> Sequence[CustomScope]:
        """Return the tenant's scopes by name."""
        query = (
            select(custom_scopes)
            .where(custom_scopes.c.tenant_id == scope.tenant_id)
            .order_by(custom_scopes.c.name)
            .limit(limit)
        )
        return [CustomScope(**row) for row in self._connection.execute(query).mappings()]

    def remove(self, scope: TenantScope, name: str) -> bool:
        """Delete a scope; False when there was none of that name."""
        result = self._connection.execute(
            delete(custom_scopes)
            .where(custom_scopes.c.tenant_id == scope.tenant_id)
            .where(custom_scopes.c.name == name)
        )
        return result.rowcount == 1
