"""Infor's limits on logins and tokens, off unless a tenant switches them on.

Source: docs/reference/gateway.md#limits.

Counted in fixed windows: a minute or a day by UTC. Only tokens that go out are counted, in the
transaction that records them, so that a limit holds for all processes together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ionport.core.errors import TooManyRequests
from ionport.oauth.tenant.settings import Limits
from ionport.oauth.tokens.limit_repository import LoginCounterRepository
from ionport.store import ScopedWork, TenantScope

_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Limit:
    kind: str
    subject: str
    window: timedelta
    allowed: int
    text: str


def count_token(
    access: ScopedWork[TenantScope],
    limits: Limits,
    now: datetime,
    *,
    app_id: str,
    account_id: str | None,
) -> None:
    """Count a token that is about to go out; `account_id` when a service account logs in.

    Raises:
        TooManyRequests: a limit is reached; nothing is counted then. `retry_after` is when the
            window ends.
    """
    if not limits.are_on:
        return
    counters = LoginCounterRepository(access.connection)
    with access.connection.begin_nested():
        for limit in _limits(limits, app_id, account_id):
            starts_at = _start(now, limit.window)
            if not counters.count(
                access.scope, limit.kind, limit.subject, starts_at, limit.allowed
            ):
                left = (starts_at + limit.window - now).total_seconds()
                raise TooManyRequests(
                    limit.text,
                    retry_after=max(1, math.ceil(left)),
                    detail=f"{limit.kind} of {limit.subject} over {limit.allowed}",
                )


def _limits(limits: Limits, app_id: str, account_id: str | None) -> list[_Limit]:
    found = [
        _Limit(
            "token-day",
            app_id,
            _DAY,
            limits.tokens_per_client_per_day,
            f"The client has had its {limits.tokens_per_client_per_day} access tokens of this day."
            " Keep a token until it expires instead of asking for one before each call.",
        )
    ]
    if account_id is not None:
        advice = " Log in once and refresh the token."
        minute, day = limits.logins_per_minute, limits.logins_per_day
        found += [
            _Limit(
                "login-minute",
                account_id,
                _MINUTE,
                minute,
                f"The service account logged in {minute} times in this minute.{advice}",
            ),
            _Limit(
                "login-day",
                account_id,
                _DAY,
                day,
                f"The service account logged in {day} times on this day.{advice}",
            ),
        ]
    return found


def _start(now: datetime, window: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return now - (now - epoch) % window
