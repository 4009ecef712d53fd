"""The SQL of authorization codes."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from ionport.oauth.grants.model import AuthorizationCode
from ionport.oauth.grants.tables import authorization_codes
from ionport.store import TenantScope
from ionport.store.repository import Repository


class AuthorizationCodeRepository(Repository):
    """Authorization codes, by digest."""

    def add(self, scope: TenantScope, code: AuthorizationCode) -> None:
        values = {column.name: getattr(code, column.name) for column in authorization_codes.c}
        values["tenant_id"] = scope.tenant_id
        self._run(insert(authorization_codes).values(values))

    def find(self, scope: TenantScope, digest: str) -> AuthorizationCode | None:
        query = (
            select(authorization_codes)
            .where(authorization_codes.c.tenant_id == scope.tenant_id)
            .where(authorization_codes.c.digest == digest)
        )
        row = self._run(query).mappings().one_or_none()
        if row is None:
            return None
        return AuthorizationCode(**{**row, "scopes": tuple(row["scopes"])})

    def redeem(self, scope: TenantScope, digest: str, grant_id: str) -> bool:
        """Tie the code to the grant it was redeemed for; False when it was redeemed before."""
        result = self._run(
            update(authorization_codes)
            .where(authorization_codes.c.tenant_id == scope.tenant_id)
            .where(authorization_codes.c.digest == digest)
            .where(authorization_codes.c.grant_id.is_(None))
            .values(grant_id=grant_id)
        )
        return result.rowcount == 1
