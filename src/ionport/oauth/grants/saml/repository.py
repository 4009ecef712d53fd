"""The SQL of SAML issuers, and of the users that assertions name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from ionport.identity.model import username_key
from ionport.identity.tables import tenant_memberships, users
from ionport.oauth.accounts.model import Person
from ionport.oauth.grants.saml.assertions import SamlIssuer
from ionport.oauth.grants.saml.tables import saml_issuers
from ionport.store import TenantScope
from ionport.store.repository import Repository, reader


class SamlIssuerRepository(Repository):
    """A tenant's issuers, and the users that they may speak of."""

    def add(self, scope: TenantScope, issuer: SamlIssuer) -> bool:
        """Store a new issuer; False when the tenant has one of that entity id."""
        values = {column.name: getattr(issuer, column.name) for column in saml_issuers.c}
        try:
            with self._connection.begin_nested():
                self._run(insert(saml_issuers).values(values | {"tenant_id": scope.tenant_id}))
        except IntegrityError:
            if self.find(scope, issuer.entity_id) is None:
                raise
            return False
        return True

    def find(self, scope: TenantScope, entity_id: str) -> SamlIssuer | None:
        found = self._some(scope, 1, saml_issuers.c.entity_id == entity_id)
        return found[0] if found else None

    def list(self, scope: TenantScope, limit: int) -> Sequence[SamlIssuer]:
        return self._some(scope, limit)

    def _some(
        self, scope: TenantScope, limit: int, *where: ColumnElement[bool]
    ) -> Sequence[SamlIssuer]:
        query = (
            select(saml_issuers)
            .where(saml_issuers.c.tenant_id == scope.tenant_id, *where)
            .order_by(saml_issuers.c.entity_id)
            .limit(limit)
        )
        return self._all(query, reader(SamlIssuer))

    def remove(self, scope: TenantScope, issuer_id: str) -> bool:
        """Delete an issuer; False when the tenant has none of this id."""
        return self._delete(saml_issuers, scope, id=issuer_id) == 1

    def find_person(self, scope: TenantScope, subject: str) -> Person | None:
        """Return the one enabled member that a subject names: by username, GUID or e-mail."""
        lower = subject.lower()
        query = (
            select(users.c.id.label("user_id"), users.c.full_name.label("name"), users.c.identity2)
            .join(tenant_memberships, tenant_memberships.c.user_id == users.c.id)
            .where(tenant_memberships.c.tenant_id == scope.tenant_id)
            .where(users.c.is_disabled.is_(False))
            .where(
                or_(
                    users.c.username_key == (username_key(subject) or ""),
                    users.c.identity2 == lower,
                    func.lower(users.c.email) == lower,
                )
            )
            .limit(2)
        )
        found = self._all(query, reader(Person))
        return found[0] if len(found) == 1 else None
