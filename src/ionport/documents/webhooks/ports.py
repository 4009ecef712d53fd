"""The port for events of documents, so that services need not know who takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ionport.documents.webhooks.model import Event
from ionport.store import OrganizationScope, ScopedWork


class Events(Protocol):
    """Takes events in the transaction of the change."""

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        """Store what is to be sent about events once this transaction has committed."""
        ...


class NoEvents:
    """Drops all events."""

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        """Do nothing."""


class EachOfEvents:
    """Passes events to several takers, in their order."""

    def __init__(self, *listeners: Events) -> None:
        self._listeners = listeners

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        """Let each of them store what it sends."""
        for listener in self._listeners:
            listener.tell(access, events)
