"""What a connection uses of Infor's quota: sign-ons, tokens and calls, counted by the minute.

Each process counts in memory and adds its counts to the database every ten seconds, so that a call
costs no transaction; a process that is killed loses ten seconds of them at most.

Source: docs/reference/gateway.md#limits.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from ionport.connections.model import Connection, ConnectionAction
from ionport.connections.quota.repository import UsageRepository
from ionport.connections.repository import ConnectionRepository
from ionport.core.clock import Clock
from ionport.core.errors import NotFound, refuse_wrong
from ionport.core.i18n import _, number_text
from ionport.core.repeating import Repeating
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.ionapi.transport.exchange import Exchange, Observer
from ionport.store import Database, OrganizationScope, SystemScope

_logger = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 10.0
KEPT: Final = timedelta(days=2)
NEAR: Final = 0.8
"""The share of a limit from which on a person is warned."""
_REFRESH: Final = "grant_type=refresh_token"
_SCOPE: Final = SystemScope("what connections use")

LIMITS: Final[Mapping[str, int]] = {
    "sign_ons_minute": 20,
    "sign_ons_day": 1_000,
    "tokens_day": 100,
    "calls_minute": 3_000,
    "calls_day": 250_000,
}
"""Infor's limits of the base tier, by which a connection without its own is measured."""
MOST: Final = 100_000_000


@dataclass(slots=True)
class Counts:
    """How often something was asked for; a sign-on is one of the tokens."""

    sign_ons: int = 0
    tokens: int = 0
    calls: int = 0

    def add(self, other: Counts) -> None:
        """Add another's counts."""
        self.sign_ons += other.sign_ons
        self.tokens += other.tokens
        self.calls += other.calls


@dataclass(frozen=True, slots=True)
class Used:
    """How much of one limit is used."""

    name: str
    used: int
    limit: int

    @property
    def share(self) -> float:
        return self.used / self.limit

    @property
    def is_near(self) -> bool:
        return self.share >= NEAR

    @property
    def label(self) -> str:
        return {
            "sign_ons_minute": _("Sign-ons in the last minute"),
            "sign_ons_day": _("Sign-ons today"),
            "tokens_day": _("Tokens today"),
            "calls_minute": _("Calls in the last minute"),
            "calls_day": _("Calls today"),
        }[self.name]


class UsageService:
    """Counts the calls of this process, and reads the counts of all processes."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, int], Counts] = {}

    def observer(self, connection_id: str) -> Observer:
        """Return what counts the exchanges of a client of the connection."""

        def count(exchange: Exchange) -> None:
            key = (connection_id, minute_of(self._clock.now()))
            with self._lock:
                counts = self._counts.setdefault(key, Counts())
                if not exchange.login:
                    counts.calls += 1
                    return
                counts.tokens += 1
                counts.sign_ons += _REFRESH not in exchange.request_body

        return count

    def repeating(self, database: Database, every_seconds: float = FLUSH_SECONDS) -> Repeating:
        """Return what flushes again and again, and once more when it is closed."""
        return Repeating(
            "usage-of-connections",
            partial(self.flush, database),
            every_seconds,
            at_end=partial(self.flush_last, database),
        )

    def flush(self, database: Database) -> None:
        """Add what was counted since the last time to the database; kept when that fails."""
        with self._lock:
            counted, self._counts = self._counts, {}
        if not counted:
            return
        try:
            self._store(database, counted)
        except Exception:
            with self._lock:
                for key, counts in counted.items():
                    self._counts.setdefault(key, Counts()).add(counts)
            raise

    def flush_last(self, database: Database) -> None:
        """Flush as a process ends: without a database it ends all the same."""
        try:
            self.flush(database)
        except Exception:
            _logger.exception("the last counts of what connections use were not stored")

    def _store(self, database: Database, counted: Mapping[tuple[str, int], Counts]) -> None:
        oldest = minute_of(self._clock.now() - KEPT)
        with database.write() as work:
            repository = UsageRepository(work.connection)
            for (connection_id, minute), counts in counted.items():
                repository.add(
                    _SCOPE, connection_id, minute, counts.sign_ons, counts.tokens, counts.calls
                )
            repository.forget(_SCOPE, oldest)

    def used(self, access: Access[OrganizationScope], connection: Connection) -> list[Used]:
        """Return how much of each limit a connection uses: since midnight UTC, and in a minute.

        The last minute is that of the clock and the one before it: a little more than was used.
        """
        access.require_organization_member()
        now = self._clock.now()
        repository = UsageRepository(access.connection)
        midnight = minute_of(now.replace(hour=0, minute=0, second=0, microsecond=0))
        day = repository.since(access.scope, connection.id, midnight)
        minute = repository.since(access.scope, connection.id, minute_of(now) - 1)
        used = {
            "sign_ons_minute": minute[0],
            "sign_ons_day": day[0],
            "tokens_day": day[1],
            "calls_minute": minute[2],
            "calls_day": day[2],
        }
        limits = limits_of(connection)
        return [Used(name, used[name], limits[name]) for name in LIMITS]

    def last_used(self, access: Access[OrganizationScope], connection_id: str) -> datetime | None:
        """Return the minute in which Infor was last asked for something; None for never."""
        access.require_organization_member()
        minute = UsageRepository(access.connection).last(access.scope, connection_id)
        return None if minute is None else datetime.fromtimestamp(minute * 60, UTC)

    def set_limits(
        self, access: Access[OrganizationScope], connection_id: str, typed: Mapping[str, str]
    ) -> None:
        """Set the limits that Infor has agreed to for a connection; an empty one is the default.

        Raises Forbidden, NotFound, and InvalidInput, which names every wrong field.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        repository = ConnectionRepository(access.connection)
        connection = repository.get(access.scope, connection_id)
        if connection is None or not connection.is_infor:
            raise NotFound(_("There is no such connection."))
        given = {name: typed.get(name, "").strip() for name in LIMITS}
        wrong = {
            name: None
            if not text or _is_limit(text)
            else _("Enter a whole number from 1 to {most}.").format(most=number_text(MOST))
            for name, text in given.items()
        }
        refuse_wrong(wrong, _("The limits cannot be saved. Correct the marked fields."))
        kept = {name: str(int(text)) for name, text in given.items() if text}
        repository.update(access.scope, connection.id, {"parameters": kept})
        details = {"name": connection.name}
        self._audit.record(access, ConnectionAction.LIMITED, connection.id, details)


def minute_of(moment: datetime) -> int:
    """Return the number of the minute since 1970 in which a moment lies."""
    return int(moment.timestamp()) // 60


def limits_of(connection: Connection) -> dict[str, int]:
    """Return the limits of a connection, its own or Infor's."""
    own = connection.parameters
    return {
        name: int(own[name]) if _is_limit(own.get(name, "")) else limit
        for name, limit in LIMITS.items()
    }


def _is_limit(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12 and 1 <= int(text) <= MOST
