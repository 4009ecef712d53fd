"""The SQL of authorization codes, consents and bridge keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ionport.oauth.authorization import AuthorizationCode, Consent
from ionport.oauth.model import BridgeKey
from ionport.oauth.tables import authorization_codes, authorized_apps, bridge_keys, consents
from ionport.store import TenantScope


class AuthorizationCodeRepository:
    """Authorization codes, by digest."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, code: AuthorizationCode) -> None:
        values = {column.name: getattr(code, column.name) for column in authorization_codes.c}
        values["tenant_id"] = scope.tenant_id
        self._connection.execute(insert(authorization_codes).values(values))

    def find(self, scope: TenantScope, digest: str) -> AuthorizationCode | None:
        query = (
            select(authorization_codes)
            .where(authorization_codes.c.tenant_id == scope.tenant_id)
            .where(authorization_codes.c.digest == digest)
        )
        row = self._connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        return AuthorizationCode(**{**row, "scopes": tuple(row["scopes"])})

    def redeem(self, scope: TenantScope, digest: str, grant_id: str) -> bool:
        """Tie the code to the grant it was redeemed for; False when it was redeemed before."""
        result = self._connection.execute(
            update(authorization_codes)
            .where(authorization_codes.c.tenant_id == scope.tenant_id)
            .where(authorization_codes.c.digest == digest)
            .where(authorization_codes.c.grant_id.is_(None))
            .values(grant_id=grant_id)
        )
        return result.rowcount == 1


class ConsentRepository:
    """What users have approved."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, scope: TenantScope, user_id: str, app_id: str) -> Consent | None:
        query = (
            _consents(scope).where(consents.c.user_id == user_id).where(consents.c.app_id == app_id)
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else Consent(**{**row, "scopes": tuple(row["scopes"])})

    def list(self, scope: TenantScope, user_id: str, limit: int) -> Sequence[Consent]:
        """Return a user's consents by the app's name."""
        query = (
            _consents(scope)
            .where(consents.c.user_id == user_id)
            .order_by(authorized_apps.c.name_key)
            .limit(limit)
        )
        rows = self._connection.execute(query).mappings()
        return [Consent(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]

    def count(self, scope: TenantScope, app_id: str) -> int:
        """Return how many users have approved an app."""
        query = (
            select(func.count())
            .select_from(consents)
            .where(consents.c.tenant_id == scope.tenant_id, consents.c.app_id == app_id)
        )
        return int(self._connection.execute(query).scalar_one())

    def remember(
        self,
        scope: TenantScope,
        user_id: str,
        app_id: str,
        scopes: tuple[str, ...],
        at: datetime,
    ) -> None:
        """Store a consent in the place of the one before, if any."""
        mine = and_(
            consents.c.tenant_id == scope.tenant_id,
            consents.c.user_id == user_id,
            consents.c.app_id == app_id,
        )
        values = {"scopes": [*scopes], "changed_at": at}
        change = update(consents).where(mine).values(values)
        if self._connection.execute(change).rowcount:
            return
        row = values | {
            "tenant_id": scope.tenant_id,
            "user_id": user_id,
            "app_id": app_id,
            "created_at": at,
        }
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(consents).values(row))
        except IntegrityError:
            # The same person said yes in another window at this moment.
            self._connection.execute(change)

    def remove(self, scope: TenantScope, user_id: str, app_id: str) -> bool:
        """Forget a consent; False when there was none."""
        result = self._connection.execute(
            delete(consents)
            .where(consents.c.tenant_id == scope.tenant_id)
            .where(consents.c.user_id == user_id, consents.c.app_id == app_id)
        )
        return result.rowcount == 1


class BridgeKeyRepository:
    """The public keys of apps that authenticate with signed assertions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, key: BridgeKey) -> None:
        owned = (
            select(authorized_apps.c.id)
            .where(authorized_apps.c.id == key.app_id)
            .where(authorized_apps.c.tenant_id == scope.tenant_id)
        )
        self._connection.execute(
            insert(bridge_keys).values(
                id=key.id,
                app_id=owned.scalar_subquery(),
                public_jwk=dict(key.public_jwk),
                created_at=key.created_at,
                created_by=key.created_by,
            )
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
        return [BridgeKey(**row) for row in self._connection.execute(query).mappings()]

    def remove(self, scope: TenantScope, app_id: str, key_id: str) -> bool:
        """Forget a key; False when the app has no such key."""
        owned = select(authorized_apps.c.id).where(authorized_apps.c.tenant_id == scope.tenant_id)
        result = self._connection.execute(
            delete(bridge_keys)
            .where(bridge_keys.c.id == key_id, bridge_keys.c.app_id == app_id)
            .where(bridge_keys.c.app_id.in_(owned))
        )
        return result.rowcount == 1


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
