"""The names of people who created and changed items; it only reads identity's users."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from ionport.identity.tables import tenant_memberships, users
from ionport.store import TenantScope
from ionport.store.repository import Repository


class PeopleRepository(Repository):
    """People of a tenant by the GUID that tokens carry."""

    def names(self, scope: TenantScope, identities: Collection[str]) -> dict[str, str]:
        """Return the full names of those who are members; others are left out."""
        query = (
            select(users.c.identity2, users.c.full_name)
            .join(tenant_memberships, tenant_memberships.c.user_id == users.c.id)
            .where(tenant_memberships.c.tenant_id == scope.tenant_id)
            .where(users.c.identity2.in_(sorted(identities)))
        )
        return {row.identity2: row.full_name for row in self._run(query)}
