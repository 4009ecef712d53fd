"""A new access token for a refresh token (RFC 6749 §6).

The refresh token of a confidential app stays valid and is returned each time: every known ION API
client keeps its first one (DESIGN.md, decision 10; facts §3.3).
"""

from __future__ import annotations

from typing import Final

from ionport.oauth.grants.context import Check, GrantContext
from ionport.oauth.grants.password import account_is_open
from ionport.oauth.protocol import InvalidGrant
from ionport.oauth.repository import ServiceAccountRepository
from ionport.oauth.token_repository import GrantRepository

GRANT_TYPE: Final = "refresh_token"
_INVALID: Final = "unknown, invalid, or expired refresh token"


def _token_is_known(context: GrantContext) -> None:
    context.parameters.require("refresh_token")
    context.refresh_token = context.parameters.secret("refresh_token")
    digest = context.key_ring.digest(context.refresh_token)
    grants = GrantRepository(context.connection)
    context.refreshed = grants.find_by_refresh_digest(context.scope, digest)
    if context.refreshed is None:
        raise InvalidGrant(_INVALID, detail="unknown refresh token")


def _token_is_the_clients_own(context: GrantContext) -> None:
    grant = context.refreshed
    if grant is None or grant.app_id != context.app.id:
        raise InvalidGrant(_INVALID, detail="the refresh token was issued to another client")


def _token_is_in_force(context: GrantContext) -> None:
    grant = context.refreshed
    if grant is None or grant.revoked_at is not None:
        raise InvalidGrant(_INVALID, detail="the grant is revoked")
    if grant.refresh_expires_at is not None and grant.refresh_expires_at <= context.now:
        raise InvalidGrant(_INVALID, detail="the refresh token has expired")


def _account_still_exists(context: GrantContext) -> None:
    grant = context.refreshed
    if grant is None or grant.service_account_id is None:
        return
    accounts = ServiceAccountRepository(context.connection)
    context.account = accounts.get(context.scope, grant.service_account_id)
    if context.account is None:
        raise InvalidGrant(_INVALID, detail="the service account is deleted")


CHECKS: Final[tuple[Check, ...]] = (
    _token_is_known,
    _token_is_the_clients_own,
    _token_is_in_force,
    _account_still_exists,
    account_is_open,
)
