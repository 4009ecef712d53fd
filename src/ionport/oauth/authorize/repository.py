"""The SQL of consents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from ionport.oauth.apps.tables import authorized_apps
from ionport.oauth.authorize.model import Consent
from ionport.oauth.authorize.tables import consents
from ionport.store import TenantScope
from ionport.store.repository import Repository, in_scope, reader


class ConsentRepository(Repository):
    """What users have approved."""

    def find(self, scope: TenantScope, user_id: str, app_id: str) -> Consent | None:
        query = (
            _consents(scope).where(consents.c.user_id == user_id).where(consents.c.app_id == app_id)
        )
        return self._one(query, reader(Consent))

    def list(self, scope: TenantScope, user_id: str, limit: int) -> Sequence[Consent]:
        """Return a user's consents by the app's name."""
        query = (
            _consents(scope)
            .where(consents.c.user_id == user_id)
            .order_by(authorized_apps.c.name_key)
            .limit(limit)
        )
        return self._all(query, reader(Consent))

    def count(self, scope: TenantScope, app_id: str) -> int:
        """Return how many users have approved an app."""
        return self._count(consents, in_scope(consents, scope, app_id=app_id))

    def remember(
        self, scope: TenantScope, user_id: str, app_id: str, scopes: tuple[str, ...], at: datetime
    ) -> None:
        """Store a consent in the place of the one before, if any."""
        mine = in_scope(consents, scope, user_id=user_id, app_id=app_id)
        values = {"scopes": [*scopes], "changed_at": at}
        change = update(consents).where(mine).values(values)
        if self._run(change).rowcount:
            return
        row = values | {
            "tenant_id": scope.tenant_id,
            "user_id": user_id,
            "app_id": app_id,
            "created_at": at,
        }
        try:
            with self._connection.begin_nested():
                self._run(insert(consents).values(row))
        except IntegrityError:
            # The same person approved in another window at this moment.
            self._run(change)

    def remove(self, scope: TenantScope, user_id: str, app_id: str) -> bool:
        """Forget a consent; False when there was none."""
        return self._delete(consents, scope, user_id=user_id, app_id=app_id) == 1


def _consents(scope: TenantScope) -> Select[Any]:
    return (
        select(
            consents.c.tenant_id,
            consents.c.user_id,
            consents.c.app_id,
            authorized_apps.c.name.label("app_name"),
            consents.c.scopes,
            consents.c.created_at,
            consents.c.changed_at,
        )
        .join(authorized_apps)
        .where(consents.c.tenant_id == scope.tenant_id)
        .where(authorized_apps.c.deleted_at.is_(None))
    )
