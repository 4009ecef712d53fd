"""Webhooks: messages to other programs about documents and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from ionport.api.callers import Call, allowed
from ionport.api.paging import PageAsked, page_of
from ionport.api.problems import PROBLEMS
from ionport.api.schemas import Answer, ListAnswer
from ionport.api.services import Services
from ionport.documents.listing.model import Cursor
from ionport.documents.webhooks.model import (
    MAX_ADDRESS,
    EndpointState,
    EventType,
    MessageState,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookMessage,
)
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope

router = APIRouter(prefix="/webhooks", tags=["Webhooks"], responses=PROBLEMS)
Manager = Annotated[Call, allowed(ApiScope.WEBHOOKS_MANAGE)]
Name = Annotated[str, Field(max_length=200)]
Address = Annotated[str, Field(max_length=MAX_ADDRESS, description="An https address.")]
Wanted = Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]


class WebhookRequest(BaseModel):
    """A new webhook."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    url: Address
    events: Wanted


class WebhookChange(BaseModel):
    """What is to be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    url: Address | None = None
    events: Wanted | None = None
    paused: bool | None = Field(None, description="False also resumes one that is `off`.")


class WebhookAnswer(Answer):
    """Where webhooks are sent, without the secret."""

    id: str
    name: str
    url: str
    events: Sequence[EventType]
    state: EndpointState
    failing_since: datetime | None = Field(
        description="Since when messages were given up and none has arrived."
    )
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> WebhookAnswer:
        return cls.made_of(endpoint, events=sorted(endpoint.events))


class SecretAnswer(BaseModel):
    """A webhook and the secret that its messages are signed with; it is shown this once."""

    webhook: WebhookAnswer
    secret: str


class TryAnswer(Answer):
    """One try to send a message; `error` is null where the receiver took it."""

    number: int
    at: datetime
    http_status: int | None
    milliseconds: int
    error: str | None
    answer: str = Field(description="The first bytes of the receiver's answer.")

    @classmethod
    def of(cls, attempt: WebhookAttempt) -> TryAnswer:
        return cls.made_of(attempt, http_status=attempt.status, error=attempt.error or None)


class MessageAnswer(Answer):
    """One event as it was or is to be sent; `id` is the header `webhook-id`."""

    id: str
    type: str
    document: str | None
    body: str
    state: MessageState
    created_at: datetime
    next_try_at: datetime | None
    tries: Sequence[TryAnswer]

    @classmethod
    def of(cls, message: WebhookMessage, attempts: Sequence[WebhookAttempt] = ()) -> MessageAnswer:
        return cls.made_of(
            message,
            document=message.document_id,
            next_try_at=message.due_at if message.state is MessageState.WAITING else None,
            tries=[TryAnswer.of(attempt) for attempt in attempts],
        )


@router.get("")
def list_webhooks(services: Services, call: Manager) -> ListAnswer[WebhookAnswer]:
    """List the webhooks, by name; all of them are on one page."""
    with services.database.read() as work:
        found = services.webhooks.list(Access(work, call.scope, call.actor))
    items = [WebhookAnswer.of(endpoint) for endpoint in found]
    return ListAnswer(items=items, next=None, total=len(items), has_more=False)


@router.post("", status_code=201)
def add_webhook(services: Services, call: Manager, wanted: WebhookRequest) -> SecretAnswer:
    """Add a webhook; the answer has its secret, this once."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        endpoint, secret = services.webhooks.add(access, wanted.name, wanted.url, wanted.events)
    return SecretAnswer(webhook=WebhookAnswer.of(endpoint), secret=secret.reveal())


@router.get("/{webhook_id}")
def get_webhook(services: Services, call: Manager, webhook_id: str) -> WebhookAnswer:
    """Read one webhook."""
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        return WebhookAnswer.of(services.webhooks.get(access, webhook_id))


@router.patch("/{webhook_id}")
def change_webhook(
    services: Services, call: Manager, webhook_id: str, change: WebhookChange
) -> WebhookAnswer:
    """Change a webhook, pause it or resume it."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        endpoint = services.webhooks.get(access, webhook_id)
        if not (change.name is None and change.url is None and change.events is None):
            endpoint = services.webhooks.change(
                access,
                webhook_id,
                endpoint.name if change.name is None else change.name,
                endpoint.url if change.url is None else change.url,
                endpoint.events if change.events is None else change.events,
            )
        if change.paused is not None:
            pause_or_resume = services.webhooks.pause if change.paused else services.webhooks.resume
            endpoint = pause_or_resume(access, webhook_id)
    return WebhookAnswer.of(endpoint)


@router.delete("/{webhook_id}", status_code=204)
def delete_webhook(services: Services, call: Manager, webhook_id: str) -> Response:
    """Delete a webhook with its messages; what waits is not sent."""
    with services.database.write() as work:
        services.webhooks.delete(Access(work, call.scope, call.actor), webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/secret")
def rotate_secret(services: Services, call: Manager, webhook_id: str) -> SecretAnswer:
    """Make a new secret, shown this once; the one before signs too for 24 hours."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        endpoint, secret = services.webhooks.rotate(access, webhook_id)
    return SecretAnswer(webhook=WebhookAnswer.of(endpoint), secret=secret.reveal())


@router.post("/{webhook_id}/test")
def test_webhook(services: Services, call: Manager, webhook_id: str) -> TryAnswer:
    """Send a test message now, and answer how it went."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        started = services.webhooks.begin_test(access, webhook_id)
    return TryAnswer.of(services.webhooks.finish_test(*started))


@router.get("/{webhook_id}/messages")
def list_messages(
    services: Services,
    call: Manager,
    webhook_id: str,
    asked: Annotated[PageAsked, Depends(page_of)],
) -> ListAnswer[MessageAnswer]:
    """List the messages of a webhook with their tries, the newest first, of the last 30 days."""
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        page = services.webhooks.messages(access, webhook_id, asked.limit, asked.behind_moment())
    return ListAnswer(
        items=[MessageAnswer.of(message, page.of(message)) for message in page.messages],
        next=Cursor.at(*page.next).text if page.next else None,
        total=page.total,
        has_more=False,
    )


@router.post("/{webhook_id}/messages/{message_id}/resend", status_code=202)
def resend_message(
    services: Services, call: Manager, webhook_id: str, message_id: str
) -> MessageAnswer:
    """Send a message again, under the same id."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        return MessageAnswer.of(services.webhooks.resend(access, webhook_id, message_id))
