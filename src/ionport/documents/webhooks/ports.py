"""Who is told what happens to documents; those that change them know only this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ionport.documents.webhooks.model import Event
from ionport.store import OrganizationScope, ScopedWork


class Events(Protocol):
    """Takes events in the transaction of the change that they tell of."""

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        """Write down what must be told once this transaction has committed."""
        ...


class NoEvents:
    """Nobody is told."""

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        """Do nothing."""


class EachOfEvents:
    """Tells several, in their order."""

    def __init__(self, *listeners: Events) -> None:
        self._listeners = listeners

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        """Let each of them write down what it tells."""
        for listener in self._listeners:
            listener.tell(access, events)
