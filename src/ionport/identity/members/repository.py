"""The SQL of a tenant's members, as its administrators see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Select,
    delete,
    func,
    literal,
    select,
    update,
)

from ionport.core.paging import Page
from ionport.identity.model import Member, MemberQuery, MemberSort, TenantRole
from ionport.identity.repository import containing, user_of
from ionport.identity.tables import tenant_memberships, tenants, users
from ionport.store import SystemScope, TenantScope

_SORTS = {
    MemberSort.USERNAME: users.c.username_key,
    MemberSort.NAME: func.lower(users.c.full_name),
    MemberSort.ROLE: tenant_memberships.c.role,
    MemberSort.CREATED: users.c.created_at,
    # Those who never signed in come before all others, on both databases.
    MemberSort.LAST_SIGN_IN: func.coalesce(users.c.last_sign_in_at, literal(0, BigInteger)),
}


class MemberRepository:
    """Users of a tenant with their role there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, scope: TenantScope, query: MemberQuery) -> Page[Member]:
        wanted = _filtered(_members(scope), query)
        total = self._connection.execute(
            select(func.count()).select_from(wanted.subquery())
        ).scalar_one()
        column = _SORTS[query.sort]
        rows = self._connection.execute(
            wanted.order_by(column.desc() if query.descending else column.asc(), users.c.id)
            .limit(query.page.limit)
            .offset(query.page.offset)
        )
        return Page(items=[_member(row) for row in rows], total=total, request=query.page)

    def find(self, scope: TenantScope, user_id: str) -> Member | None:
        row = self._connection.execute(_members(scope).where(users.c.id == user_id)).one_or_none()
        return _member(row) if row else None

    def lock(self, scope: TenantScope) -> None:
        """Let nobody else change who administers the tenant until this transaction ends."""
        self._connection.execute(
            select(tenants.c.id).where(tenants.c.id == scope.tenant_id).with_for_update()
        )

    def has_other_administrator(self, scope: TenantScope, user_id: str) -> bool:
        """Tell whether an enabled user besides this one administers the tenant."""
        others = (
            _members(scope)
            .where(tenant_memberships.c.role == TenantRole.IONAPI_ADMINISTRATOR.value)
            .where(users.c.is_disabled.is_(False), users.c.id != user_id)
            .limit(1)
        )
        return self._connection.execute(others).first() is not None

    def remove(self, scope: TenantScope, user_id: str) -> None:
        table = tenant_memberships
        self._connection.execute(
            delete(table)
            .where(table.c.tenant_id == scope.tenant_id)
            .where(table.c.user_id == user_id)
        )

    def set_disabled(self, scope: SystemScope, user_id: str, disabled: bool) -> None:
        self._connection.execute(
            update(users).where(users.c.id == user_id).values(is_disabled=disabled)
        )


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


def _member(row: Row[Any]) -> Member:
    return Member(user=user_of(row), role=TenantRole(row.role))
