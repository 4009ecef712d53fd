"""A new access token for a refresh token (RFC 6749 §6).

The refresh token of a confidential app stays valid and is returned each time: every known ION API
client keeps its first one (docs/decisions/0010-refresh-tokens-as-infor-s-clients-need-them.md;
docs/reference/oauth.md#answers). That of a public app is exchanged for a newer one, and its second
use closes the grant (RFC 9700 §4.14.2).
"""

from __future__ import annotations

from typing import Final

from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.grants.context import Check, GrantContext
from ionport.oauth.grants.password import account_is_open
from ionport.oauth.grants.repository import GrantRepository
from ionport.oauth.protocol import InvalidGrant, TokenReused

GRANT_TYPE: Final = "refresh_token"
NOT_IN_FORCE: Final = "unknown, invalid, or expired refresh token"


def _token_is_known(context: GrantContext) -> None:
    context.parameters.require("refresh_token")
    context.refresh_token = context.parameters.secret("refresh_token")
    digest = context.key_ring.digest(context.refresh_token)
    grants = GrantRepository(context.connection)
    context.refreshed = grants.find_by_refresh_digest(context.scope, digest)
    if context.refreshed is not None:
        return
    rotated = grants.find_rotated(context.scope, digest)
    if rotated is not None and rotated.app_id == context.app.id:
        raise TokenReused(NOT_IN_FORCE, rotated.id)
    raise InvalidGrant(NOT_IN_FORCE, detail="unknown refresh token")


def _token_is_the_clients_own(context: GrantContext) -> None:
    grant = context.refreshed
    if grant is None or grant.app_id != context.app.id:
        raise InvalidGrant(NOT_IN_FORCE, detail="the refresh token was issued to another client")


def _token_is_in_force(context: GrantContext) -> None:
    grant = context.refreshed
    if grant is None or grant.revoked_at is not None:
        raise InvalidGrant(NOT_IN_FORCE, detail="the grant is revoked")
    if grant.generation != context.app.token_generation:
        raise InvalidGrant(NOT_IN_FORCE, detail="every token of the app was revoked")
    if grant.refresh_expires_at is not None and grant.refresh_expires_at <= context.now:
        raise InvalidGrant(NOT_IN_FORCE, detail="the refresh token has expired")


def _account_still_exists(context: GrantContext) -> None:
    grant = context.refreshed
    if grant is None or grant.service_account_id is None:
        return
    accounts = ServiceAccountRepository(context.connection)
    context.account = accounts.get(context.scope, grant.service_account_id)
    if context.account is None:
        raise InvalidGrant(NOT_IN_FORCE, detail="the service account is deleted")


def _person_is_still_a_member(context: GrantContext) -> None:
    grant = context.refreshed
    if grant is None:
        return
    context.scopes = grant.scopes
    if grant.user_id is None:
        return
    people = ServiceAccountRepository(context.connection)
    context.person = people.find_person(context.scope, grant.user_id)
    if context.person is None:
        raise InvalidGrant(NOT_IN_FORCE, detail="the user is disabled or has left the tenant")


CHECKS: Final[tuple[Check, ...]] = (
    _token_is_known,
    _token_is_the_clients_own,
    _token_is_in_force,
    _account_still_exists,
    account_is_open,
    _person_is_still_a_member,
)
