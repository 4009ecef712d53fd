"""What a connection uses of Infor's quota: sign-ons, tokens and calls, counted by the minute.

Each process counts in memory and adds its counts to the database every ten seconds, so that a call
costs no transaction; a process that is killed loses ten seconds of them at most.

Source: docs/reference/gateway.md#limits.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from ionport.connections.model import Connection, ConnectionAction
from ionport.connections.ports import ConnectionUse
from ionport.connections.quota.limiting import Counts, Reached, Window
from ionport.connections.quota.repository import UsageRepository
from ionport.connections.repository import ConnectionRepository
from ionport.core.clock import Clock
from ionport.core.errors import NotFound, refuse_wrong
from ionport.core.i18n import _, number_text
from ionport.core.repeating import Repeating
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.ionapi.tokens.shared import too_many_token_requests
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
_MOST_KNOWN: Final = 1_000


CALLS: Final = ("calls_minute", "calls_day")
TOKENS: Final = ("sign_ons_minute", "sign_ons_day", "tokens_day")
_NEAR_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of all processes, when, and the limits that it is measured by."""

    read_at: datetime
    window: Window
    limits: Mapping[str, int]
    is_near: bool


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

    def __init__(self, clock: Clock, audit: AuditLog, uses: ConnectionUse | None = None) -> None:
        self._clock = clock
        self._audit = audit
        self._uses = uses
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, int], Counts] = {}
        self._known: dict[str, _Known] = {}

    def reached(
        self, database: Database, connection_id: str, names: tuple[str, ...]
    ) -> Reached | None:
        """Return the limit among `names` that the connection has used up; None where none is.

        Never inside a transaction: what was counted is read anew every ten seconds, every second
        once a limit is near, and before anything waits, because a person may have set another one.
        """
        now = self._clock.now()
        with self._lock:
            known = self._known.get(connection_id)
        if known is not None:
            is_old = _is_old(known, now)
            if not is_old and self._reached(known, connection_id, names, now) is None:
                return None
            if known.is_near:
                # So that the other processes see it, which read every second too.
                self.flush(database)
        known = self._read(database, connection_id, now)
        return self._reached(known, connection_id, names, now)

    def _reached(
        self, known: _Known, connection_id: str, names: tuple[str, ...], now: datetime
    ) -> Reached | None:
        if not known.limits:
            return None
        return self._with_own(known.window, connection_id, now).reached(known.limits, names, now)

    def require_token(self, database: Database, connection_id: str) -> None:
        """Raise TokenError where Infor would give no further token now."""
        found = self.reached(database, connection_id, TOKENS)
        if found is not None:
            raise too_many_token_requests((found.until - self._clock.now()).total_seconds())

    def _read(self, database: Database, connection_id: str, now: datetime) -> _Known:
        with database.read() as work:
            connection = ConnectionRepository(work.connection).get(_SCOPE, connection_id)
            limits = limits_of(connection) if connection and connection.is_infor else {}
            window = Window()
            if connection and limits:
                scope = OrganizationScope(connection.organization_id)
                window = _window(UsageRepository(work.connection), scope, connection_id, now)
        share = max((each.share for each in _used_of(window, limits)), default=0.0)
        known = _Known(now, window, limits, share >= NEAR)
        with self._lock:
            self._known[connection_id] = known
            while len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]
        return known

    def _with_own(self, window: Window, connection_id: str, now: datetime) -> Window:
        """Return what all have used, with what this process has counted and not stored yet."""
        found = Window(replace(window.minute), replace(window.before), replace(window.day))
        minute, midnight = minute_of(now), _midnight(now)
        with self._lock:
            for each, counts in ((minute, found.minute), (minute - 1, found.before)):
                own = self._counts.get((connection_id, each))
                if own is not None:
                    counts.add(own)
                    if each >= midnight:
                        found.day.add(own)
        return found

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
            with self._lock:
                for connection_id, _minute in counted:
                    self._known.pop(connection_id, None)
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
        repository = UsageRepository(access.connection)
        window = _window(repository, access.scope, connection.id, self._clock.now())
        return _used_of(window, limits_of(connection))

    def last_used(self, access: Access[OrganizationScope], connection_id: str) -> datetime | None:
        """Return the minute in which Infor was last asked for something; None for never."""
        access.require_organization_member()
        minute = UsageRepository(access.connection).last(access.scope, connection_id)
        return None if minute is None else datetime.fromtimestamp(minute * 60, UTC)

    def set_limits(
        self, access: Access[OrganizationScope], connection_id: str, typed: Mapping[str, str]
    ) -> None:
        """Set the limits that Infor has agreed to for a connection; an empty one is the default.

        What waits for the former ones is tried at once.

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
        if self._uses is not None:
            self._uses.limits_changed(access, connection.id, self._clock.now())


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


def _window(
    repository: UsageRepository, scope: OrganizationScope, connection_id: str, now: datetime
) -> Window:
    """Return what all processes have stored of a connection's use, since midnight UTC.

    Nothing of later minutes, but of the next one, in which another machine's clock may be: a clock
    that was ahead for a while has counted there, and must not block the connection until then.
    """
    minute = minute_of(now)
    last = minute + 1
    this = Counts(*repository.since(scope, connection_id, minute, last))
    both = Counts(*repository.since(scope, connection_id, minute - 1, last))
    before = Counts(
        both.sign_ons - this.sign_ons, both.tokens - this.tokens, both.calls - this.calls
    )
    day = Counts(*repository.since(scope, connection_id, _midnight(now), last))
    return Window(this, before, day)


def _midnight(now: datetime) -> int:
    return minute_of(now.replace(hour=0, minute=0, second=0, microsecond=0))


def _used_of(window: Window, limits: Mapping[str, int]) -> list[Used]:
    """Return how much of each limit is used, the whole minute before included."""
    minute = replace(window.minute)
    minute.add(window.before)
    spans = {"minute": minute, "day": window.day}
    return [
        Used(name, getattr(spans[span], kind), limit)
        for name, limit in limits.items()
        for kind, _sign, span in (name.rpartition("_"),)
    ]


def _is_old(known: _Known, now: datetime) -> bool:
    seconds = _NEAR_SECONDS if known.is_near else FLUSH_SECONDS
    is_of_this_minute = minute_of(known.read_at) == minute_of(now)
    return not is_of_this_minute or abs((now - known.read_at).total_seconds()) >= seconds


def _is_limit(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12 and 1 <= int(text) <= MOST
