"""Ports of the review to the exports, which implement them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ionport.store import OrganizationScope, ScopedWork, Work


class Sent(StrEnum):
    """How much of a document was sent."""

    NOTHING = "nothing"
    UNDER_WAY = "under_way"
    """Nothing yet, but a pass is running that may have rendered it already."""
    SOMETHING = "something"
    """A call was sent, or may have been: an unknown answer counts as sent."""


class Deliveries(Protocol):
    """The deliveries of a document."""

    def lock(self, access: ScopedWork[OrganizationScope], document_id: str) -> Sent:
        """Let none be made, begun or sent until the transaction ends; return what was sent.

        Called before the document's own row is locked, in the order in which passes lock.
        """
        ...

    def sent(self, access: ScopedWork[OrganizationScope], document_id: str) -> Sent:
        """Return what was sent so far, without a lock."""
        ...

    def has_open(self, access: ScopedWork[OrganizationScope], document_id: str) -> bool:
        """Tell whether one of them is not over."""
        ...

    def oldest_unfinished(self, work: Work) -> datetime | None:
        """Return since when the oldest delivery of the installation waits for its end, if any."""
        ...

    def resume(self, access: ScopedWork[OrganizationScope], document_id: str) -> None:
        """Make the deliveries due that wait for a decision about the document, rendered anew.

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
