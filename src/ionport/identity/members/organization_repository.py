"""The SQL of an organization's members, as its administrators see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, select

from ionport.core.paging import Page, PageRequest
from ionport.identity.groups.model import Colleague, Person
from ionport.identity.groups.tables import user_group_members
from ionport.identity.model import OrganizationRole, TenantRole
from ionport.identity.repository import containing, user_of
from ionport.identity.tables import organization_memberships, tenant_memberships, users
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository, reader


class ColleagueRepository(Repository):
    """Users of an organization with their role there."""

    def list(self, scope: OrganizationScope, text: str, page: PageRequest) -> Page[Colleague]:
        """Return the users with `text` in username, name or e-mail address, by username."""
        wanted = _colleagues(scope)
        if text:
            wanted = wanted.where(containing(text))
        return self._page(wanted.order_by(users.c.username_key), page, _colleague)

    def people(
        self, scope: OrganizationScope, tenant_ids: Sequence[str], text: str, page: PageRequest
    ) -> Page[Person]:
        """Return who is in the organization or one of the tenants, by username, as `list`."""
        in_organization = select(organization_memberships.c.user_id).where(
            organization_memberships.c.organization_id == scope.organization_id
        )
        in_tenants = select(tenant_memberships.c.user_id).where(
            tenant_memberships.c.tenant_id.in_(tenant_ids)
        )
        wanted = (
            select(*users.c, organization_memberships.c.role)
            .outerjoin(
                organization_memberships,
                and_(
                    organization_memberships.c.user_id == users.c.id,
                    organization_memberships.c.organization_id == scope.organization_id,
                ),
            )
            .where(users.c.id.in_(in_organization.union(in_tenants)))
        )
        if text:
            wanted = wanted.where(containing(text))
        return self._page(wanted.order_by(users.c.username_key), page, _person)

    def tenant_roles(
        self, scope: SystemScope, user_ids: Sequence[str], tenant_ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, TenantRole]]:
        """Return the roles of these people in these tenants, by person."""
        table = tenant_memberships.c
        rows = self._run(
            select(table.user_id, table.tenant_id, table.role)
            .where(table.user_id.in_(user_ids), table.tenant_id.in_(tenant_ids))
            .order_by(table.tenant_id)
        )
        found: dict[str, dict[str, TenantRole]] = {}
        for row in rows:
            found.setdefault(row.user_id, {})[row.tenant_id] = TenantRole(row.role)
        return found

    def find(self, scope: OrganizationScope, user_id: str) -> Colleague | None:
        return self._one(_colleagues(scope).where(users.c.id == user_id), _colleague)

    def has_other_administrator(self, scope: OrganizationScope, user_id: str) -> bool:
        """Tell whether an enabled user besides this one administers the organization."""
        others = (
            _colleagues(scope)
            .where(organization_memberships.c.role == OrganizationRole.ADMINISTRATOR.value)
            .where(users.c.is_disabled.is_(False), users.c.id != user_id)
            .limit(1)
        )
        return self._run(others).first() is not None

    def remove(self, scope: OrganizationScope, user_id: str) -> None:
        """Take a person out of the organization and of its groups."""
        for table in (organization_memberships, user_group_members):
            self._delete(table, scope, user_id=user_id)


def _colleagues(scope: OrganizationScope) -> Select[Any]:
    return (
        select(*users.c, organization_memberships.c.role)
        .join(organization_memberships, organization_memberships.c.user_id == users.c.id)
        .where(organization_memberships.c.organization_id == scope.organization_id)
    )


_colleague = reader(Colleague, user=user_of)
_person = reader(Person, user=user_of)
