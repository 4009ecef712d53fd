"""The SQL of authorized apps and their client secrets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, bindparam, cast, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ionport.core.paging import Page
from ionport.oauth.apps.model import AppQuery, AppSort, AuthorizedApp, ClientSecret, name_key
from ionport.oauth.apps.tables import authorized_apps, client_secrets
from ionport.store import SystemScope, TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_APP = tuple(c for c in authorized_apps.c if c.name not in {"name_key", "deleted_at"})
_SORTS = {
    AppSort.NAME: authorized_apps.c.name_key,
    AppSort.TYPE: authorized_apps.c.type,
    AppSort.CLIENT_ID: authorized_apps.c.client_id,
    AppSort.CREATED: authorized_apps.c.created_at,
}
# What every token request asks. Made once: to build a statement costs as much as to run it.
_CLIENT: Final = (
    select(*_APP, client_secrets.c.digest, client_secrets.c.expires_at)
    .join_from(authorized_apps, client_secrets, isouter=True)
    .where(authorized_apps.c.tenant_id == bindparam("tenant"))
    .where(authorized_apps.c.deleted_at.is_(None))
    .where(authorized_apps.c.client_id == bindparam("client"))
)


class AppRepository(Repository):
    """Authorized apps and their client secrets."""

    def add(self, scope: TenantScope, app: AuthorizedApp) -> bool:
        """Store a new app; False when the tenant has one of that name."""
        values = {column.name: getattr(app, column.name) for column in _APP}
        values |= {"tenant_id": scope.tenant_id, "name_key": name_key(app.name)}
        try:
            with self._connection.begin_nested():
                self._run(insert(authorized_apps).values(values))
        except IntegrityError:
            if self.find_by_name(scope, app.name) is None:
                raise
            return False
        return True

    def get(self, scope: TenantScope, app_id: str) -> AuthorizedApp | None:
        return self._find(scope, authorized_apps.c.id == app_id)

    def find_by_name(self, scope: TenantScope, name: str) -> AuthorizedApp | None:
        return self._find(scope, authorized_apps.c.name_key == name_key(name))

    def find_by_client_id(self, scope: TenantScope, client_id: str) -> AuthorizedApp | None:
        return self._find(scope, authorized_apps.c.client_id == client_id)

    def names_origin(self, scope: TenantScope, origin: str, client_id: str | None) -> bool:
        """Tell whether an enabled app names a web origin, or all of them by `*`.

        The list is JSON text: an origin holds no letter that is written otherwise in it.
        """
        listed = cast(authorized_apps.c.javascript_origins, Text)
        query = _apps(scope).where(
            authorized_apps.c.is_disabled.is_(False),
            or_(*(listed.contains(json.dumps(one), autoescape=True) for one in (origin, "*"))),
        )
        if client_id is not None:
            query = query.where(authorized_apps.c.client_id == client_id)
        return self._connection.scalar(select(query.exists())) is True

    def _find(self, scope: TenantScope, where: ColumnElement[bool]) -> AuthorizedApp | None:
        return self._one(_apps(scope).where(where), _app)

    def find_client(
        self, scope: TenantScope, client_id: str, now: datetime
    ) -> tuple[AuthorizedApp, tuple[str, ...]] | None:
        """Return the app with this client id and the digests of its secrets in force."""
        values = {"tenant": scope.tenant_id, "client": client_id}
        rows = self._run(_CLIENT, values).all()
        if not rows:
            return None
        in_force = (row for row in rows if row.expires_at is None or row.expires_at > now)
        return _app(rows[0]), tuple(row.digest for row in in_force if row.digest is not None)

    def list(self, scope: TenantScope, query: AppQuery) -> Page[AuthorizedApp]:
        found = _apps(scope)
        if query.text:
            found = found.where(
                or_(
                    authorized_apps.c.name_key.contains(name_key(query.text), autoescape=True),
                    authorized_apps.c.description.icontains(query.text, autoescape=True),
                    authorized_apps.c.client_id.icontains(query.text, autoescape=True),
                )
            )
        if query.type is not None:
            found = found.where(authorized_apps.c.type == query.type)
        if query.is_disabled is not None:
            found = found.where(authorized_apps.c.is_disabled.is_(query.is_disabled))
        column = _SORTS[query.sort]
        order = column.desc() if query.descending else column.asc()
        return self._page(found.order_by(order, authorized_apps.c.id), query.page, _app)

    def replace(self, scope: TenantScope, app: AuthorizedApp) -> bool:
        """Store an app's changed fields; False when another app of the tenant has its name."""
        kept = {"id", "tenant_id", "client_id", "created_at", "created_by"}
        values = {column.name: getattr(app, column.name) for column in _APP}
        values = {name: value for name, value in values.items() if name not in kept}
        try:
            with self._connection.begin_nested():
                self._change(scope, app.id, **values, name_key=name_key(app.name))
        except IntegrityError:
            return False
        return True

    def raise_generation(self, scope: TenantScope, app_id: str) -> None:
        """End every token of an app at once."""
        self._change(scope, app_id, token_generation=authorized_apps.c.token_generation + 1)

    def set_disabled(self, scope: TenantScope, app_id: str, disabled: bool) -> None:
        self._change(scope, app_id, is_disabled=disabled)

    def delete(self, scope: TenantScope, app_id: str, at: datetime) -> None:
        """Mark the app as deleted and forget its secrets."""
        self._change(scope, app_id, deleted_at=at)
        self._run(client_secrets.delete().where(client_secrets.c.app_id == app_id))

    def _change(self, scope: TenantScope, app_id: str, **values: object) -> None:
        self._run(
            update(authorized_apps)
            .where(in_scope(authorized_apps, scope, id=app_id))
            .values(values)
        )

    def add_secret(self, scope: TenantScope, secret: ClientSecret) -> None:
        """Store a further secret of an app of this tenant."""
        owned = select(authorized_apps.c.id).where(
            in_scope(authorized_apps, scope, id=secret.app_id)
        )
        self._run(
            insert(client_secrets).values(
                columns_of(client_secrets, secret, app_id=owned.scalar_subquery())
            )
        )

    def end_secrets(self, scope: TenantScope, app_id: str, at: datetime) -> None:
        """Let every secret of an app end at `at`, unless it ends sooner."""
        owned = select(authorized_apps.c.id).where(authorized_apps.c.tenant_id == scope.tenant_id)
        lasts = or_(client_secrets.c.expires_at.is_(None), client_secrets.c.expires_at > at)
        self._run(
            update(client_secrets)
            .where(client_secrets.c.app_id == app_id, client_secrets.c.app_id.in_(owned))
            .where(lasts)
            .values(expires_at=at)
        )

    def remove_ended_secrets(self, scope: TenantScope, app_id: str, at: datetime) -> None:
        owned = select(authorized_apps.c.id).where(authorized_apps.c.tenant_id == scope.tenant_id)
        self._run(
            client_secrets.delete()
            .where(client_secrets.c.app_id == app_id, client_secrets.c.app_id.in_(owned))
            .where(client_secrets.c.expires_at <= at)
        )

    def secrets(self, scope: TenantScope, app_id: str) -> Sequence[ClientSecret]:
        """Return the app's secrets, newest first."""
        query = (
            select(client_secrets)
            .join(authorized_apps)
            .where(authorized_apps.c.tenant_id == scope.tenant_id)
            .where(client_secrets.c.app_id == app_id)
            .order_by(client_secrets.c.created_at.desc(), client_secrets.c.id.desc())
        )
        return self._all(query, _secret)

    def sealed_secrets(
        self, scope: SystemScope, after_id: str, limit: int
    ) -> Sequence[tuple[str, ClientSecret]]:
        """Return the secrets that have a sealed copy, by id, each with its tenant."""
        query = (
            select(client_secrets, authorized_apps.c.tenant_id)
            .join_from(client_secrets, authorized_apps)
            .where(client_secrets.c.sealed.is_not(None), client_secrets.c.id > after_id)
            .order_by(client_secrets.c.id)
            .limit(limit)
        )
        return self._all(query, lambda row: (row.tenant_id, _secret(row)))

    def replace_sealed(self, scope: SystemScope, secret_id: str, sealed: str) -> None:
        self._run(
            update(client_secrets).where(client_secrets.c.id == secret_id).values(sealed=sealed)
        )


def _apps(scope: TenantScope) -> Select[Any]:
    return (
        select(*_APP)
        .where(authorized_apps.c.tenant_id == scope.tenant_id)
        .where(authorized_apps.c.deleted_at.is_(None))
    )


_app = reader(AuthorizedApp)


_secret = reader(ClientSecret)
