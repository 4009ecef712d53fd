"""Stores the events that mails are sent about, in the transaction of the event."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ionport.core.http.texts import storable
from ionport.core.ids import new_id
from ionport.core.sentences import parts_of
from ionport.documents.alerts.model import MAX_TEXT, AlertMessage, AlertState
from ionport.documents.alerts.repository import AlertRepository, SettingsRepository
from ionport.documents.webhooks.model import Event
from ionport.store import OrganizationScope, ScopedWork


class AlertOutbox:
    """Takes the events that the organization wants to be told of; `wake` lets the sender look."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        """Write down what must be told once this transaction has committed."""
        repository, scope = SettingsRepository(access.connection), access.scope
        types = access.once(("alerts", scope.organization_id), lambda: repository.wanted(scope))
        messages = [
            AlertMessage(
                id=new_id("alm"),
                organization_id=access.scope.organization_id,
                type=event.type,
                document_id=event.document_id,
                delivery_id=event.details.get("delivery", ""),
                text=_text(event),
                state=AlertState.WAITING,
                created_at=event.at,
            )
            for event in events
            if event.type in types
        ]
        if messages:
            AlertRepository(access.connection).add_all(access.scope, messages)
            access.after_commit(self._wake)


def _text(event: Event) -> str:
    """Return the text of an event beside its type."""
    if parts_of(event.text):
        return event.text
    told = ("configuration_title", "step", "error_code")
    text = event.text or ", ".join(event.details[name] for name in told if event.details.get(name))
    return storable(" ".join(text.split())[:MAX_TEXT])
