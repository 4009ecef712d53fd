"""The SQL of service accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, insert, select, update

from ionport.core.paging import Page, PageRequest
from ionport.identity.tables import tenant_memberships, users
from ionport.oauth.accounts.model import Person, ServiceAccount
from ionport.oauth.accounts.tables import service_accounts
from ionport.store import SystemScope, TenantScope
from ionport.store.repository import Repository, in_scope, reader

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


class ServiceAccountRepository(Repository):
    """Service accounts, each with the user it may be linked to."""

    def add(self, scope: TenantScope, account: ServiceAccount, secret_digest: str) -> None:
        values = {column.name: getattr(account, column.name) for column in _ACCOUNT}
        values |= {"tenant_id": scope.tenant_id, "secret_digest": secret_digest}
        self._run(insert(service_accounts).values(values))

    def get(self, scope: TenantScope, account_id: str) -> ServiceAccount | None:
        values = {"tenant": scope.tenant_id, "account": account_id}
        return self._one(_ACCOUNT_BY_ID, account_of, values)

    def find_login(self, scope: TenantScope, access_key: str) -> tuple[ServiceAccount, str] | None:
        """Return the account with this access key and its secret key's digest."""
        values = {"tenant": scope.tenant_id, "access_key": access_key}
        return self._one(_LOGIN, lambda row: (account_of(row), row.secret_digest), values)

    def list(self, scope: TenantScope, app_id: str, page: PageRequest) -> Page[ServiceAccount]:
        """Return an app's accounts, newest first."""
        query = (
            account_rows(scope)
            .where(service_accounts.c.app_id == app_id)
            .order_by(service_accounts.c.created_at.desc(), service_accounts.c.id.desc())
        )
        return self._page(query, page, account_of)

    def find_person(self, scope: TenantScope, user_id: str) -> Person | None:
        """Return the user of this id when enabled and a member of the tenant."""
        query = (
            select(users.c.id.label("user_id"), users.c.full_name.label("name"), users.c.identity2)
            .join(tenant_memberships, tenant_memberships.c.user_id == users.c.id)
            .where(tenant_memberships.c.tenant_id == scope.tenant_id)
            .where(users.c.id == user_id, users.c.is_disabled.is_(False))
        )
        return self._one(query, reader(Person))

    def list_of_user(
        self, scope: SystemScope, user_id: str, limit: int
    ) -> Sequence[ServiceAccount]:
        """Return the accounts of every tenant that act as a user, those that end first."""
        ends = service_accounts.c.ends_on
        query = (
            _ACCOUNTS.where(service_accounts.c.user_id == user_id)
            .order_by(ends.is_(None), ends, service_accounts.c.id)
            .limit(limit)
        )
        return self._all(query, account_of)

    def set_disabled(self, scope: TenantScope, account_id: str, disabled: bool) -> None:
        self._change(scope, account_id, is_disabled=disabled)

    def delete(self, scope: TenantScope, account_id: str, at: datetime) -> None:
        self._change(scope, account_id, deleted_at=at, secret_digest="")

    def delete_of_app(self, scope: TenantScope, app_id: str, at: datetime) -> None:
        """Mark every account of an app as deleted and forget their secret keys."""
        self._run(
            update(service_accounts)
            .where(in_scope(service_accounts, scope, app_id=app_id))
            .values(deleted_at=at, secret_digest="")
        )

    def used(self, scope: TenantScope, account_id: str, at: datetime) -> None:
        self._change(scope, account_id, last_used_at=at)

    def all_used(self, scope: SystemScope, account_ids: Sequence[str], at: datetime) -> None:
        """Note the use of several accounts in one statement."""
        if account_ids:
            self._run(
                update(service_accounts).where(service_accounts.c.id == bindparam("used_id")),
                [{"used_id": account_id, "last_used_at": at} for account_id in account_ids],
            )

    def _change(self, scope: TenantScope, account_id: str, **values: object) -> None:
        self._run(
            update(service_accounts)
            .where(in_scope(service_accounts, scope, id=account_id))
            .values(values)
        )


def account_rows(scope: TenantScope) -> Select[Any]:
    """Select the tenant's accounts with the user each may be linked to."""
    return _ACCOUNTS.where(service_accounts.c.tenant_id == scope.tenant_id)


# Return the account of a row of `account_rows`.
account_of = reader(ServiceAccount)
