"""Ports of connections, filled by domains above them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ionport.store import OrganizationScope, ScopedWork


class ConnectionUse(Protocol):
    """The uses of a connection: listed before it is deleted, notified when a proof has ended."""

    def titles(self, access: ScopedWork[OrganizationScope], connection_id: str) -> Sequence[str]:
        """Return the titles of what uses the connection, at most ten."""
        ...

    def named_by(
        self, access: ScopedWork[OrganizationScope], connection_id: str
    ) -> tuple[int, int]:
        """Return how many deliveries of the ledger, and how many deleted things, name it."""
        ...

    def proof_ended(
        self, access: ScopedWork[OrganizationScope], connection_id: str, now: datetime
    ) -> None:
        """Handle the end of a check of the connection; it can be read in `work`."""
        ...

    def goes_on(
        self, access: ScopedWork[OrganizationScope], connection_id: str, now: datetime
    ) -> None:
        """Free what waits because the connection was paused, or because no server answered."""
        ...

    def limits_changed(
        self, access: ScopedWork[OrganizationScope], connection_id: str, now: datetime
    ) -> None:
        """Free what waits because a limit of the connection was used up."""
        ...
