"""Keeps to Infor's limits: tells when a connection has used one up, and until when.

By the counts of all processes in the database, read every ten seconds, or every second where a
limit is near, and those of this process that are not stored yet. No call costs a transaction.

Source: docs/reference/gateway.md#limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

_MINUTE: Final = timedelta(minutes=1)
# Beside the window: moments are rounded, and clocks of two machines differ.
_SPARE: Final = timedelta(seconds=1)


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
class Reached:
    """A limit that is used up, until a moment at which a part of it is free again."""

    name: str
    limit: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """What a connection has used: in the minute of the clock, in the one before, and today."""

    minute: Counts = field(default_factory=Counts)
    before: Counts = field(default_factory=Counts)
    day: Counts = field(default_factory=Counts)

    def reached(
        self, limits: Mapping[str, int], names: tuple[str, ...], now: datetime
    ) -> Reached | None:
        """Return the limit among `names` that is used up for longest; None where none is."""
        found = [
            Reached(name, limits[name], until)
            for name in names
            if (until := self._until(name, limits[name], now)) is not None
        ]
        return max(found, key=lambda each: each.until, default=None)

    def _until(self, name: str, limit: int, now: datetime) -> datetime | None:
        kind, _sign, span = name.rpartition("_")
        if span == "day":
            if getattr(self.day, kind) < limit:
                return None
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            return midnight + timedelta(days=1) + _SPARE
        return _free_at(getattr(self.before, kind), getattr(self.minute, kind), limit, now)


def _free_at(before: int, minute: int, limit: int, now: datetime) -> datetime | None:
    """Return when a window of 60 seconds has room again; None where it has now.

    What the minute before has used counts by the part of it that lies in the window.
    """
    start = now.replace(second=0, microsecond=0)
    if before * (1 - (now - start) / _MINUTE) + minute < limit:
        return None
    if minute < limit:
        return start + _MINUTE * (1 - (limit - minute) / before) + _SPARE
    return start + _MINUTE * (2 - limit / minute) + _SPARE
