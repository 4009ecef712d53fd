"""What the review asks of exports, which it cannot import; whoever exports fills it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


class Targets(Protocol):
    """Where the documents of an organization are exported to."""

    def that_book(
        self, access: ScopedWork[OrganizationScope], kinds: Collection[str]
    ) -> Mapping[tuple[str, str | None], Sequence[str]]:
        """Return the titles of active configurations that book lines.

        By document type, one of `kinds`, and sub-organization; None is the organization itself.
        """
        ...


class NoTargets:
    """A document side that exports nothing."""

    def that_book(
        self, access: ScopedWork[OrganizationScope], kinds: Collection[str]
    ) -> Mapping[tuple[str, str | None], Sequence[str]]:
        return {}


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
