"""Writes what happens to a document into its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from ionport.core.clock import Clock
from ionport.core.ids import new_id
from ionport.documents.model import DocumentStatus, Row, TimelineEntry, TimelineKind
from ionport.documents.repository import TimelineRepository
from ionport.documents.timeline_sentences import FINDING_CODE
from ionport.documents.webhooks.model import Event, EventType
from ionport.documents.webhooks.ports import Events, NoEvents
from ionport.store import OrganizationScope, ScopedWork


class Found(Protocol):
    """A finding, new or stored."""

    @property
    def code(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, str]: ...


class Timeline:
    """Adds entries in the transaction of the change; `events` gets each new status."""

    def __init__(self, clock: Clock, events: Events | None = None) -> None:
        self._clock = clock
        self.events = events or NoEvents()

    def tell(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        kind: TimelineKind,
        text: str,
        actor_name: str,
        change: tuple[DocumentStatus | None, DocumentStatus | None] = (None, None),
        *,
        code: str = "",
        parameters: Row | None = None,
    ) -> None:
        """Add an entry; `change` is the status before and after, where it changed.

        With `code` the sentence is made from it and `parameters` when it is shown, and there is
        no `text`.
        """
        entry = new_entry(
            self._clock.now(), kind, text, actor_name, change, code=code, parameters=parameters
        )
        TimelineRepository(access.connection).add(access.scope, document_id, entry)
        before, status = change
        if status is not None and status is not before:
            told, previous = EventType.of_status(status), before.value if before else None
            event = Event(told, document_id, entry.at, previous, status.value, text=text)
            self.events.tell(access, [event])

    def tell_finding(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        finding: Found,
        actor_name: str,
        *,
        is_gone: bool = False,
    ) -> None:
        """Add that a finding was made or no longer applies; names are hidden when it is shown."""
        entry = finding_entry(self._clock.now(), finding, actor_name, is_gone=is_gone)
        TimelineRepository(access.connection).add(access.scope, document_id, entry)


def finding_entry(
    at: datetime, finding: Found, actor_name: str, *, is_gone: bool = False
) -> TimelineEntry:
    """Return the entry that tells of a finding; it is not written yet."""
    return new_entry(
        at,
        TimelineKind.NOTE if is_gone else TimelineKind.WARNING,
        "",
        actor_name,
        code="finding.resolved" if is_gone else "finding.found",
        parameters={**finding.parameters, FINDING_CODE: finding.code},
    )


def new_entry(
    at: datetime,
    kind: TimelineKind,
    text: str,
    actor_name: str,
    change: tuple[DocumentStatus | None, DocumentStatus | None] = (None, None),
    *,
    code: str = "",
    parameters: Row | None = None,
) -> TimelineEntry:
    """Return an entry that is not written yet; the arguments as those of `Timeline.tell`."""
    return TimelineEntry(
        id=new_id("tle"),
        at=at,
        kind=kind,
        stored_text=text,
        previous_status=change[0],
        status=change[1],
        actor_name=actor_name,
        code=code,
        parameters=parameters or {},
    )
