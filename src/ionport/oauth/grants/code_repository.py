"""The SQL of authorization codes."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from ionport.oauth.grants.model import AuthorizationCode
from ionport.oauth.grants.tables import authorization_codes
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader


class AuthorizationCodeRepository(Repository):
    """Authorization codes, by digest."""

    def add(self, scope: TenantScope, code: AuthorizationCode) -> None:
        values = columns_of(authorization_codes, code, tenant_id=scope.tenant_id)
        self._run(insert(authorization_codes).values(values))

    def find(self, scope: TenantScope, digest: str) -> AuthorizationCode | None:
        query = select(authorization_codes).where(
            in_scope(authorization_codes, scope, digest=digest)
        )
        return self._one(query, reader(AuthorizationCode))

    def redeem(self, scope: TenantScope, digest: str, grant_id: str) -> bool:
        """Tie the code to the grant it was redeemed for; False when it was redeemed before."""
        result = self._run(
            update(authorization_codes)
            .where(in_scope(authorization_codes, scope, digest=digest))
            .where(authorization_codes.c.grant_id.is_(None))
            .values(grant_id=grant_id)
        )
        return result.rowcount == 1
