"""What connections need of rooms above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ionport.store import OrganizationScope, Work


class ConnectionUse(Protocol):
    """Tells who uses a connection, so that it is not deleted under them."""

    def titles(self, work: Work, scope: OrganizationScope, connection_id: str) -> Sequence[str]:
        """Return the titles of what uses the connection, at most ten."""
        ...
