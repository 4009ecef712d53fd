"""The SQL of a tenant's members, as its administrators see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Select, func, literal, select, update

from ionport.core.paging import Page
from ionport.identity.members.model import Member, MemberQuery, MemberSort
from ionport.identity.model import TenantRole
from ionport.identity.repository import containing, user_of
from ionport.identity.tables import tenant_memberships, tenants, users
from ionport.store import SystemScope, TenantScope
from ionport.store.repository import Repository, reader

_SORTS = {
    MemberSort.USERNAME: users.c.username_key,
    MemberSort.NAME: func.lower(users.c.full_name),
    MemberSort.ROLE: tenant_memberships.c.role,
    MemberSort.CREATED: users.c.created_at,
    # Those who never signed in come before all others, on both databases.
    MemberSort.LAST_SIGN_IN: func.coalesce(users.c.last_sign_in_at, literal(0, BigInteger)),
}


class MemberRepository(Repository):
    """Users of a tenant with their role there."""

    def list(self, scope: TenantScope, query: MemberQuery) -> Page[Member]:
        wanted = _filtered(_members(scope), query)
        column = _SORTS[query.sort]
        order = column.desc() if query.descending else column.asc()
        return self._page(wanted.order_by(order, users.c.id), query.page, _member)

    def find(self, scope: TenantScope, user_id: str) -> Member | None:
        return self._one(_members(scope).where(users.c.id == user_id), _member)

    def lock(self, scope: TenantScope) -> None:
        """Let nobody else change who administers the tenant until this transaction ends."""
        self._run(select(tenants.c.id).where(tenants.c.id == scope.tenant_id).with_for_update())

    def has_other_administrator(self, scope: TenantScope, user_id: str) -> bool:
        """Tell whether an enabled user besides this one administers the tenant."""
        others = (
            _members(scope)
            .where(tenant_memberships.c.role == TenantRole.IONAPI_ADMINISTRATOR.value)
            .where(users.c.is_disabled.is_(False), users.c.id != user_id)
            .limit(1)
        )
        return self._run(others).first() is not None

    def remove(self, scope: TenantScope, user_id: str) -> None:
        table = tenant_memberships
        self._delete(table, scope, user_id=user_id)

    def set_disabled(self, scope: SystemScope, user_id: str, disabled: bool) -> None:
        self._run(update(users).where(users.c.id == user_id).values(is_disabled=disabled))


def _members(scope: TenantScope) -> Select[Any]:
    return (
        select(*users.c, tenant_memberships.c.role)
        .join(tenant_memberships, tenant_memberships.c.user_id == users.c.id)
        .where(tenant_memberships.c.tenant_id == scope.tenant_id)
    )


def _filtered(members: Select[Any], query: MemberQuery) -> Select[Any]:
    if query.text:
        members = members.where(containing(query.text))
    if query.role is not None:
        members = members.where(tenant_memberships.c.role == query.role.value)
    if query.is_disabled is not None:
        members = members.where(users.c.is_disabled.is_(query.is_disabled))
    return members


_member = reader(Member, user=user_of)
