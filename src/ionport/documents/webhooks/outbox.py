"""Stores webhook messages, in the transaction of the event."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ionport.core.ids import new_id
from ionport.documents.webhooks.message_repository import MessageRepository
from ionport.documents.webhooks.model import (
    TEST,
    EndpointState,
    Event,
    MessageState,
    WebhookEndpoint,
    WebhookMessage,
)
from ionport.documents.webhooks.repository import EndpointRepository
from ionport.store import OrganizationScope, ScopedWork


class Outbox:
    """Adds one message for each endpoint that wants an event; they are sent after the commit.

    `origin` is what links begin with. `wake` only makes the sender look sooner.
    """

    def __init__(self, origin: str = "", wake: Callable[[], None] | None = None) -> None:
        self._origin = origin.rstrip("/")
        self.wake = wake

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        """Store the messages of events, to be sent once this transaction has committed."""
        repository, scope = EndpointRepository(access.connection), access.scope
        key = ("webhooks", scope.organization_id)
        listening = access.once(key, lambda: repository.listening(scope))
        wanted = [
            event for event in events if any(event.type in types for _id, types, _s in listening)
        ]
        if not wanted:
            return
        bodies = self._bodies(access, wanted)
        messages = [
            WebhookMessage(
                id=new_id("msg"),
                organization_id=access.scope.organization_id,
                endpoint_id=endpoint_id,
                type=event.type.value,
                document_id=event.document_id or None,
                body=body,
                state=MessageState.WAITING,
                created_at=event.at,
                due_at=event.at if state is EndpointState.ACTIVE else None,
            )
            for endpoint_id, types, state in listening
            for event, body in zip(wanted, bodies, strict=True)
            if event.type in types
        ]
        MessageRepository(access.connection).add_all(access.scope, messages)
        self._wake_after(access)

    def test_message(
        self,
        access: ScopedWork[OrganizationScope],
        endpoint: WebhookEndpoint,
        at: datetime,
        until: datetime,
    ) -> WebhookMessage:
        """Add a test message without an event, with its first try claimed until `until`."""
        message = WebhookMessage(
            id=new_id("msg"),
            organization_id=access.scope.organization_id,
            endpoint_id=endpoint.id,
            type=TEST,
            document_id=None,
            body=_body(TEST, at, {"webhook": endpoint.id, "name": endpoint.name}),
            state=MessageState.WAITING,
            created_at=at,
            due_at=until,
            tries=1,
            series=1,
        )
        MessageRepository(access.connection).add_all(access.scope, [message])
        return message

    def _wake_after(self, access: ScopedWork[OrganizationScope]) -> None:
        if self.wake is not None:
            access.after_commit(self.wake)

    def _bodies(
        self, access: ScopedWork[OrganizationScope], events: Sequence[Event]
    ) -> Sequence[str]:
        repository = MessageRepository(access.connection)
        counts = Counter(event.document_id for event in events if event.document_id)
        told = repository.told_of(access.scope, list(counts))
        numbers = {
            document_id: repository.next_sequence(access.scope, document_id, count)
            for document_id, count in counts.items()
        }
        bodies = []
        for event in events:
            data: dict[str, object] = {**event.details, "links": self._links(event)}
            if not event.document_id:
                bodies.append(_body(event.type.value, event.at, data))
                continue
            number, document_type = told.get(event.document_id, ("", ""))
            data = {
                "document": event.document_id,
                "number": number,
                "document_type": document_type,
                **data,
                "previous_status": event.previous_status,
                "status": event.status,
                "sequence": numbers[event.document_id],
            }
            numbers[event.document_id] += 1
            bodies.append(_body(event.type.value, event.at, data))
        return bodies

    def _links(self, event: Event) -> Mapping[str, str]:
        kinds = {"document": f"/documents/{event.document_id}"} if event.document_id else {}
        if event.type.is_of_delivery:
            kinds["delivery"] = f"/deliveries/{event.details['delivery']}"
        page = {kind: f"{self._origin}{path}" for kind, path in kinds.items()}
        if not kinds:
            kinds["connection"] = f"/connections/{event.details['connection']}"
            page["connection"] = f"{self._origin}/settings{kinds['connection']}"
        api = {f"{kind}_api": f"{self._origin}/api/v1{path}" for kind, path in kinds.items()}
        return page | api


def _body(event_type: str, at: datetime, data: Mapping[str, object]) -> str:
    timestamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    content = {"type": event_type, "timestamp": timestamp, "data": data}
    return json.dumps(content, separators=(",", ":"))
