"""Resource owner password credentials of a service account.

Source: RFC 6749 §4.3, docs/reference/oauth.md#requests.
"""

from __future__ import annotations

import hmac
from typing import Final

from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.apps.model import GrantType
from ionport.oauth.grants.context import Check, GrantContext, require_grant_type
from ionport.oauth.protocol import InvalidGrant, look_up_text

GRANT_TYPE: Final = "password"
_WRONG_KEYS: Final = "Invalid service account access key or secret key."
# Compared against when there is no such account, so that both refusals take the same time.
_NO_DIGEST: Final = "0" * 64


def _app_allows_it(context: GrantContext) -> None:
    require_grant_type(context, GrantType.PASSWORD_CREDENTIALS)


def _keys_are_sent(context: GrantContext) -> None:
    context.parameters.require("username")
    context.parameters.require("password")


def _keys_are_right(context: GrantContext) -> None:
    access_key = look_up_text(context.parameters.get("username"))
    accounts = ServiceAccountRepository(context.connection)
    found = accounts.find_login(context.scope, access_key)
    presented = context.key_ring.digest(context.parameters.secret("password"))
    matches = hmac.compare_digest(found[1] if found else _NO_DIGEST, presented)
    if found is None or not matches:
        reason = "unknown access key" if found is None else "wrong secret key"
        raise InvalidGrant(_WRONG_KEYS, detail=reason)
    context.account = found[0]


def _account_is_the_apps_own(context: GrantContext) -> None:
    account = context.account
    if account is None or account.app_id != context.app.id:
        raise InvalidGrant(_WRONG_KEYS, detail="the account belongs to another app")


def account_is_open(context: GrantContext) -> None:
    """Raise InvalidGrant when the account has ended, or it or its user is disabled."""
    account = context.account
    if account is not None and account.is_disabled:
        raise InvalidGrant("The service account is disabled.", detail=account.id)
    if account is not None and account.user_is_disabled:
        raise InvalidGrant("The user of this service account is disabled.", detail=account.id)
    if account is not None and account.has_ended(context.now.date()):
        text = f"The service account ended on {account.ends_on}."
        raise InvalidGrant(text, detail=account.id)


CHECKS: Final[tuple[Check, ...]] = (
    _app_allows_it,
    _keys_are_sent,
    _keys_are_right,
    _account_is_the_apps_own,
    account_is_open,
)
