"""What decisions ask of deliveries, which they cannot import; the exports fill it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ionport.store import OrganizationScope, ScopedWork, Work


class Sent(StrEnum):
    """What of a document has left."""

    NOTHING = "nothing"
    UNDER_WAY = "under_way"
    """Nothing yet, but a pass runs at this moment that may have rendered it already."""
    SOMETHING = "something"
    """A call left, or may have: an unknown answer counts as sent."""


class Deliveries(Protocol):
    """The deliveries of a document."""

    def lock(self, access: ScopedWork[OrganizationScope], document_id: str) -> Sent:
        """Let none be made, begin or send until the transaction ends, and say what has left.

        Called before the document's own row is locked, in the order in which passes lock.
        """
        ...

    def sent(self, access: ScopedWork[OrganizationScope], document_id: str) -> Sent:
        """Say what has left so far, for who only looks."""
        ...

    def has_open(self, access: ScopedWork[OrganizationScope], document_id: str) -> bool:
        """Tell whether one of them is not over."""
        ...

    def oldest_unfinished(self, work: Work) -> datetime | None:
        """Return since when the oldest delivery of the installation waits for its end, if any."""
        ...

    def resume(self, access: ScopedWork[OrganizationScope], document_id: str) -> None:
        """Make due what waits for a decision about the document, rendered anew.

        Writes the status that follows from the deliveries, for a document that nothing holds.
        """
        ...


class NoDeliveries:
    """A document side that exports nothing."""

    def lock(self, access: ScopedWork[OrganizationScope], document_id: str) -> Sent:
        return Sent.NOTHING

    def sent(self, access: ScopedWork[OrganizationScope], document_id: str) -> Sent:
        return Sent.NOTHING

    def has_open(self, access: ScopedWork[OrganizationScope], document_id: str) -> bool:
        return False

    def oldest_unfinished(self, work: Work) -> datetime | None:
        return None

    def resume(self, access: ScopedWork[OrganizationScope], document_id: str) -> None:
        return None
