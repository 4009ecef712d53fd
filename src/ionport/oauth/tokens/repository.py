"""The SQL of access tokens: which are active, which were revoked one by one."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, insert, or_, select
from sqlalchemy.exc import IntegrityError

from ionport.identity.tables import tenant_memberships, users
from ionport.oauth.accounts.tables import service_accounts
from ionport.oauth.apps.tables import authorized_apps
from ionport.oauth.grants.tables import grants
from ionport.oauth.tokens.tables import revoked_access_tokens
from ionport.store import TenantScope
from ionport.store.repository import Repository

_person = users.alias("person")

# The statement of every API call. Built once: building it costs as much as running it.
_REVOKED: Final = (
    select(revoked_access_tokens.c.token_id)
    .where(revoked_access_tokens.c.token_id == bindparam("token"))
    .exists()
)
_ALIVE: Final = (
    select(grants.c.id)
    .select_from(grants)
    .join(authorized_apps, grants.c.app_id == authorized_apps.c.id)
    .outerjoin(service_accounts, grants.c.service_account_id == service_accounts.c.id)
    .outerjoin(users, service_accounts.c.user_id == users.c.id)
    .outerjoin(_person, grants.c.user_id == _person.c.id)
    .outerjoin(
        tenant_memberships,
        and_(
            tenant_memberships.c.user_id == grants.c.user_id,
            tenant_memberships.c.tenant_id == grants.c.tenant_id,
        ),
    )
    .where(grants.c.id == bindparam("grant"), grants.c.tenant_id == bindparam("tenant"))
    .where(grants.c.revoked_at.is_(None), ~_REVOKED)
    .where(grants.c.generation == authorized_apps.c.token_generation)
    .where(_person.c.is_disabled.is_not(True))
    .where(or_(grants.c.user_id.is_(None), tenant_memberships.c.user_id.is_not(None)))
    .where(authorized_apps.c.is_disabled.is_(False))
    .where(authorized_apps.c.deleted_at.is_(None))
    .where(service_accounts.c.is_disabled.is_not(True))
    .where(service_accounts.c.deleted_at.is_(None))
    .where(users.c.is_disabled.is_not(True))
)


class AccessTokenRepository(Repository):
    """Access tokens, which are not stored: only their grants, and which of them were revoked."""

    def revoke(self, scope: TenantScope, token_id: str, expires_at: datetime) -> None:
        """Mark one access token as revoked; a second time changes nothing."""
        try:
            with self._connection.begin_nested():
                self._run(
                    insert(revoked_access_tokens).values(
                        token_id=token_id, tenant_id=scope.tenant_id, expires_at=expires_at
                    )
                )
        except IntegrityError:
            known = select(revoked_access_tokens.c.token_id).where(
                revoked_access_tokens.c.token_id == token_id
            )
            if self._run(known).first() is None:
                raise

    def is_active(self, scope: TenantScope, grant_id: str, token_id: str) -> bool:
        """Tell whether an access token and everything it depends on is active.

        That is: the token, its grant, the app and its generation, the service account and the
        linked user, or the person who approved and their membership.
        """
        values = {"tenant": scope.tenant_id, "grant": grant_id, "token": token_id}
        return self._run(_ALIVE, values).first() is not None
