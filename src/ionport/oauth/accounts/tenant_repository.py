"""The SQL of a tenant's service accounts across its apps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, or_, update

from ionport.core.paging import Page
from ionport.identity.tables import users
from ionport.oauth.accounts.model import AccountQuery, AccountSort, ListedAccount, ServiceAccount
from ionport.oauth.accounts.repository import account_of, account_rows
from ionport.oauth.accounts.tables import service_accounts
from ionport.oauth.apps.tables import authorized_apps
from ionport.store import TenantScope
from ionport.store.repository import Repository, in_scope, reader

_SORTS = {
    AccountSort.DESCRIPTION: func.lower(service_accounts.c.description),
    AccountSort.USER: func.lower(users.c.full_name),
    AccountSort.APP: authorized_apps.c.name_key,
    AccountSort.LAST_USED: service_accounts.c.last_used_at,
    AccountSort.CREATED: service_accounts.c.created_at,
}


class TenantAccountRepository(Repository):
    """Service accounts with the name of their app."""

    def list(self, scope: TenantScope, query: AccountQuery) -> Page[ListedAccount]:
        wanted = _filtered(_listed(scope), query)
        column = _SORTS[query.sort]
        # Those without a value come last either way, on every database.
        order = (column.is_(None), column.desc() if query.descending else column.asc())
        ordered = wanted.order_by(*order, service_accounts.c.id)
        return self._page(ordered, query.page, _account)

    def get(self, scope: TenantScope, account_id: str) -> ListedAccount | None:
        query = _listed(scope).where(service_accounts.c.id == account_id)
        return self._one(query, _account)

    def find_keys(self, scope: TenantScope, access_keys: Sequence[str]) -> Sequence[ListedAccount]:
        """Return the accounts with one of these access keys."""
        keys = service_accounts.c.access_key.in_(access_keys)
        return self._all(_listed(scope).where(keys).limit(len(access_keys)), _account)

    def change(self, scope: TenantScope, account: ServiceAccount) -> None:
        """Store the account's description, user, scopes and end."""
        self._run(
            update(service_accounts)
            .where(in_scope(service_accounts, scope, id=account.id))
            .values(
                description=account.description,
                user_id=account.user_id,
                scopes=list(account.scopes),
                ends_on=account.ends_on,
            )
        )


def _listed(scope: TenantScope) -> Select[Any]:
    return (
        account_rows(scope)
        .add_columns(authorized_apps.c.name.label("app_name"))
        .join(authorized_apps, authorized_apps.c.id == service_accounts.c.app_id)
        .where(authorized_apps.c.deleted_at.is_(None))
    )


def _filtered(accounts: Select[Any], query: AccountQuery) -> Select[Any]:
    if query.text:
        text = query.text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        columns = (
            service_accounts.c.description,
            service_accounts.c.access_key,
            authorized_apps.c.name,
            users.c.full_name,
        )
        likes = (func.lower(column).like(f"%{text}%", escape="\\") for column in columns)
        accounts = accounts.where(or_(*likes))
    if query.app_id:
        accounts = accounts.where(service_accounts.c.app_id == query.app_id)
    if query.is_disabled is not None:
        accounts = accounts.where(service_accounts.c.is_disabled.is_(query.is_disabled))
    if query.has_user is not None:
        is_linked = service_accounts.c.user_id.is_not(None)
        accounts = accounts.where(is_linked if query.has_user else ~is_linked)
    return accounts


_account = reader(ListedAccount, account=account_of)
