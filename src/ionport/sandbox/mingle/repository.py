"""The SQL of Mingle: it only reads identity's users."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ionport.identity.tables import tenant_memberships, users
from ionport.store import TenantScope
from ionport.store.repository import Repository, reader


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the tenant."""

    identity2: str
    username: str
    full_name: str
    email: str


class PersonRepository(Repository):
    """People of a tenant by the GUID that tokens carry."""

    def find(self, scope: TenantScope, identity2: str) -> Person | None:
        query = (
            select(users.c.identity2, users.c.username, users.c.full_name, users.c.email)
            .join(tenant_memberships, tenant_memberships.c.user_id == users.c.id)
            .where(tenant_memberships.c.tenant_id == scope.tenant_id)
            .where(users.c.identity2 == identity2)
        )
        return self._one(query, reader(Person))
