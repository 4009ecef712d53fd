"""Deletes ended codes, assertions, tokens, grants and counters, in small batches.

No client gets another answer by it: each row has ended before. The one exception is a grant that
never expires: a client that logs in every day makes one each time, so the operator decides how long
such a grant stays without use. A batch is one short transaction, so that other writers wait little.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, Table, and_, select

from ionport.core.clock import Clock
from ionport.core.ids import first_ordered_uuid
from ionport.oauth.apps.tables import authorized_apps, client_secrets
from ionport.oauth.clean_up_repository import CleanUpRepository
from ionport.oauth.clients.tables import used_assertions
from ionport.oauth.grants.tables import authorization_codes, grants, rotated_refresh_tokens
from ionport.oauth.tokens.keys.signing import SigningKeys
from ionport.oauth.tokens.tables import login_counters, revoked_access_tokens
from ionport.store import Database, SystemScope, Work

DEFAULT_LIMIT: Final = 500
# A code or token that came twice is recognised for as long as its row stays.
_KEPT_AFTER_ITS_END: Final = timedelta(days=1)
# A refresh token that was exchanged longer ago is refused as unknown and revokes nothing.
_REUSE: Final = timedelta(days=90)
_LONGEST_WINDOW: Final = timedelta(days=1)
_SCOPE = SystemScope("clean-up of expired rows")


def _apps_deleted_before(end: datetime) -> Select[tuple[str]]:
    return select(authorized_apps.c.id).where(authorized_apps.c.deleted_at < end)


_ENDED: Final[tuple[tuple[Table, Callable[[datetime], ColumnElement[bool]]], ...]] = (
    (authorization_codes, lambda end: authorization_codes.c.expires_at < end),
    (used_assertions, lambda end: used_assertions.c.expires_at < end),
    (revoked_access_tokens, lambda end: revoked_access_tokens.c.expires_at < end),
    (client_secrets, lambda end: client_secrets.c.expires_at < end),
    (login_counters, lambda end: login_counters.c.starts_at < end - _LONGEST_WINDOW),
    (grants, lambda end: grants.c.ends_at < end),
    (grants, lambda end: grants.c.revoked_at < end),
    (grants, lambda end: grants.c.app_id.in_(_apps_deleted_before(end))),
    (rotated_refresh_tokens, lambda end: rotated_refresh_tokens.c.rotated_at < end - _REUSE),
)


def _unused_since(moment: datetime) -> ColumnElement[bool]:
    # Ids are in the order of time: only the old end of the table is looked at.
    return and_(
        grants.c.id < first_ordered_uuid(moment),
        grants.c.ends_at.is_(None),
        grants.c.last_used_at < moment,
    )


class CleanUp:
    """The authorization server's part of the background tick."""

    def __init__(
        self, clock: Clock, keys: SigningKeys, unused_after: timedelta | None = None
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._unused_after = unused_after

    def tidy(self, database: Database) -> int:
        """Delete one batch of ended rows and return how many; call again until it is 0."""
        with database.write() as work:
            return self.sweep(work)

    def sweep(self, work: Work, limit: int = DEFAULT_LIMIT) -> int:
        """Delete at most `limit` ended rows and return how many; call again until it is 0."""
        end = self._clock.now() - _KEPT_AFTER_ITS_END
        rows, left = CleanUpRepository(work.connection), limit
        for table, has_ended in _ENDED:
            if left > 0:
                left -= rows.delete(_SCOPE, table, has_ended(end), left)
        if left > 0 and self._unused_after is not None:
            is_unused = _unused_since(self._clock.now() - self._unused_after)
            left -= rows.delete(_SCOPE, grants, is_unused, left)
        if left > 0:
            left -= self._keys.drop_retired(work.within(_SCOPE))
        return limit - left
