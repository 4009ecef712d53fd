"""What connections need of domains above them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ionport.store import OrganizationScope, ScopedWork


class ConnectionUse(Protocol):
    """Who uses a connection: asked before it is deleted, told when a proof of it has ended."""

    def titles(self, access: ScopedWork[OrganizationScope], connection_id: str) -> Sequence[str]:
        """Return the titles of what uses the connection, at most ten."""
        ...

    def proof_ended(
        self, access: ScopedWork[OrganizationScope], connection_id: str, now: datetime
    ) -> None:
        """Take that a check of the connection has ended; it can be read in `work`."""
        ...
