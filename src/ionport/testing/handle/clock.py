"""Moving the tenant's clock; the test's own does not change."""

from __future__ import annotations

from datetime import datetime, timedelta

from ionport.identity.access import Access
from ionport.testing.parts import ACTOR, Parts


class InforClock:
    """The clock of the tenant. A reset sets it back."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._control = parts.side.control

    def now(self) -> datetime:
        """Return the tenant's present moment, in UTC."""
        return self._control.infor_clock.now()

    def jump(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move the clock forward: tokens age, and new rows get a later date.

        Raises:
            InvalidInput: not forward, or more than ten years ahead.
        """
        by = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        with self._parts.database.write() as work:
            self._control.clock.jump(Access(work, self._parts.scope, ACTOR), by)

    def expire_tokens(self) -> None:
        """Let every access token issued until now count as expired; refresh tokens stay."""
        with self._parts.database.write() as work:
            self._control.clock.expire_tokens(Access(work, self._parts.scope, ACTOR))

    def set_back(self) -> None:
        """Set the clock back to the real time."""
        with self._parts.database.write() as work:
            self._control.clock.set_back(Access(work, self._parts.scope, ACTOR))
