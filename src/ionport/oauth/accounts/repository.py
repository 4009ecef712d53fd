"""The SQL of service accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import RowMapping

from ionport.core.paging import Page, PageRequest
from ionport.identity.tables import tenant_memberships, users
from ionport.oauth.accounts.model import Person, ServiceAccount
from ionport.oauth.accounts.tables import service_accounts
from ionport.store import SystemScope, TenantScope
from ionport.store.paging import select_page

_ACCOUNT = tuple(c for c in service_accounts.c if c.name not in {"secret_digest", "deleted_at"})
_ACCOUNT_USER = (
    users.c.full_name.label("user_name"),
    users.c.identity2,
    func.coalesce(users.c.is_disabled, False).label("user_is_disabled"),
)
_ACCOUNTS: Final = (
    select(*_ACCOUNT, *_ACCOUNT_USER)
    .outerjoin(users, service_accounts.c.user_id == users.c.id)
    .where(service_accounts.c.deleted_at.is_(None))
)
_ACCOUNT_BY_ID: Final = _ACCOUNTS.where(
    service_accounts.c.tenant_id == bindparam("tenant"),
    service_accounts.c.id == bindparam("account"),
)
_LOGIN: Final = _ACCOUNTS.add_columns(service_accounts.c.secret_digest).where(
    service_accounts.c.tenant_id == bindparam("tenant"),
    service_accounts.c.access_key == bindparam("access_key"),
)


class ServiceAccountRepository:
    """Service accounts, each with the user it may be linked to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, account: ServiceAccount, secret_digest: str) -> None:
        values = {column.name: getattr(account, column.name) for column in _ACCOUNT}
        values |= {"tenant_id": scope.tenant_id, "secret_digest": secret_digest}
        self._connection.execute(insert(service_accounts).values(values))

    def get(self, scope: TenantScope, account_id: str) -> ServiceAccount | None:
        values = {"tenant": scope.tenant_id, "account": account_id}
        row = self._connection.execute(_ACCOUNT_BY_ID, values).mappings().one_or_none()
        return None if row is None else account_of(row)

    def find_login(self, scope: TenantScope, access_key: str) -> tuple[ServiceAccount, str] | None:
        """Return the account with this access key and its secret key's digest."""
        values = {"tenant": scope.tenant_id, "access_key": access_key}
        row = self._connection.execute(_LOGIN, values).mappings().one_or_none()
        return None if row is None else (account_of(row), row["secret_digest"])

    def list(self, scope: TenantScope, app_id: str, page: PageRequest) -> Page[ServiceAccount]:
        """Return an app's accounts, newest first."""
        query = (
            account_rows(scope)
            .where(service_accounts.c.app_id == app_id)
            .order_by(service_accounts.c.created_at.desc(), service_accounts.c.id.desc())
        )
        rows, total = select_page(self._connection, query, page)
        return Page([account_of(row) for row in rows], total, page)

    def find_person(self, scope: TenantScope, user_id: str) -> Person | None:
        """Return the user of this id when enabled and a member of the tenant."""
        query = (
            select(users.c.id.label("user_id"), users.c.full_name.label("name"), users.c.identity2)
            .join(tenant_memberships, tenant_memberships.c.user_id == users.c.id)
            .where(tenant_memberships.c.tenant_id == scope.tenant_id)
            .where(users.c.id == user_id, users.c.is_disabled.is_(False))
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else Person(**row)

    def set_disabled(self, scope: TenantScope, account_id: str, disabled: bool) -> None:
        self._change(scope, account_id, is_disabled=disabled)

    def delete(self, scope: TenantScope, account_id: str, at: datetime) -> None:
        self._change(scope, account_id, deleted_at=at, secret_digest="")

    def delete_of_app(self, scope: TenantScope, app_id: str, at: datetime) -> None:
        """Mark every account of an app as deleted and forget their secret keys."""
        self._connection.execute(
            update(service_accounts)
            .where(service_accounts.c.app_id == app_id)
            .where(service_accounts.c.tenant_id == scope.tenant_id)
            .values(deleted_at=at, secret_digest="")
        )

    def used(self, scope: TenantScope, account_id: str, at: datetime) -> None:
        self._change(scope, account_id, last_used_at=at)

    def all_used(self, scope: SystemScope, account_ids: Sequence[str], at: datetime) -> None:
        """Note the use of several accounts in one statement."""
        if account_ids:
            self._connection.execute(
                update(service_accounts).where(service_accounts.c.id == bindparam("used_id")),
                [{"used_id": account_id, "last_used_at": at} for account_id in account_ids],
            )

    def _change(self, scope: TenantScope, account_id: str, **values: object) -> None:
        self._connection.execute(
            update(service_accounts)
            .where(service_accounts.c.id == account_id)
            .where(service_accounts.c.tenant_id == scope.tenant_id)
            .values(values)
        )


def account_rows(scope: TenantScope) -> Select[Any]:
    """Select the tenant's accounts with the user each may be linked to."""
    return _ACCOUNTS.where(service_accounts.c.tenant_id == scope.tenant_id)


def account_of(row: RowMapping) -> ServiceAccount:
    """Return the account of a row of `account_rows`."""
    values = {column.name: row[column] for column in (*_ACCOUNT, *_ACCOUNT_USER)}
    return ServiceAccount(**(values | {"scopes": tuple(row["scopes"])}))
