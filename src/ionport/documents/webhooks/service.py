"""What an administrator does with webhooks: add, change, test, pause, look at, send again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, existing
from ionport.core.http.signed_webhooks import new_webhook_secret
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.documents.webhooks.calls import check_address
from ionport.documents.webhooks.message_repository import MessageRepository
from ionport.documents.webhooks.model import (
    MAX_ENDPOINTS,
    MAX_NAME,
    OVERLAP,
    EndpointState,
    EventType,
    MessageState,
    WebhookAction,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookMessage,
)
from ionport.documents.webhooks.outbox import Outbox
from ionport.documents.webhooks.repository import EndpointRepository
from ionport.documents.webhooks.secrets import sealed_for
from ionport.documents.webhooks.sender import WebhookSender
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import OrganizationScope, ScopedWork, SystemScope

MAX_MESSAGES: Final = 200
_MAX_ATTEMPTS: Final = 1_000
Position = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class MessageList:
    """Messages of a webhook and their attempts, the newest first; `next` where there are more."""

    messages: Sequence[WebhookMessage]
    attempts: Sequence[WebhookAttempt]
    total: int
    next: Position | None

    def of(self, message: WebhookMessage) -> Sequence[WebhookAttempt]:
        """Return the attempts of one message, the newest first."""
        return [each for each in self.attempts if each.message_id == message.id]


@dataclass(eq=False, repr=False)
class WebhookService:
    """Webhooks of an organization; every method raises Forbidden to who does not administer it."""

    _clock: Clock
    _keys: KeyRing
    _audit: AuditLog
    _policy: AddressPolicy
    _outbox: Outbox
    _sender: WebhookSender

    def list(self, access: Access[OrganizationScope]) -> Sequence[WebhookEndpoint]:
        """Return the webhooks by name, at most `MAX_ENDPOINTS`."""
        access.require_organization_administrator()
        return EndpointRepository(access.connection).list(access.scope, MAX_ENDPOINTS)

    def troubled(self, access: Access[OrganizationScope]) -> Sequence[WebhookEndpoint]:
        """Return the webhooks that fail or were switched off; none for non-administrators."""
        if not access.actor.is_organization_administrator(access.scope.organization_id):
            return ()
        return EndpointRepository(access.connection).troubled(access.scope, MAX_ENDPOINTS)

    def get(self, access: Access[OrganizationScope], endpoint_id: str) -> WebhookEndpoint:
        """Return one webhook; raises NotFound."""
        access.require_organization_administrator()
        found = EndpointRepository(access.connection).find(access.scope, endpoint_id)
        return existing(found, _("There is no such webhook."), code="no_webhook")

    def add(
        self, access: Access[OrganizationScope], name: str, url: str, events: Collection[str]
    ) -> tuple[WebhookEndpoint, Secret]:
        """Add a webhook, and return the secret that its messages are signed with, this once.

        Raises:
            InvalidInput: no name, an address that may not be reached, no event or an unknown one.
            Conflict: the organization has `MAX_ENDPOINTS` of them.
        """
        if len(self.list(access)) >= MAX_ENDPOINTS:
            raise Conflict(
                _("This organization has {count} webhooks. Delete one first.").format(
                    count=MAX_ENDPOINTS
                ),
                code="too_many_webhooks",
            )
        name, url, chosen = self._checked(name, url, events)
        endpoint_id, secret = new_id("whk"), new_webhook_secret()
        endpoint = WebhookEndpoint(
            id=endpoint_id,
            organization_id=access.scope.organization_id,
            name=name,
            url=url,
            events=chosen,
            state=EndpointState.ACTIVE,
            sealed=self._sealed(access, endpoint_id, secret),
            sealed_previous="",
            previous_until=None,
            failing_since=None,
            created_at=self._clock.now(),
            created_by=access.actor.name,
        )
        EndpointRepository(access.connection).add(access.scope, endpoint)
        self._record(access, WebhookAction.ADDED, endpoint)
        return endpoint, secret

    def change(
        self,
        access: Access[OrganizationScope],
        endpoint_id: str,
        name: str,
        url: str,
        events: Collection[str],
    ) -> WebhookEndpoint:
        """Change name, address and events; what waits goes to the new address. Errors as `add`."""
        self.get(access, endpoint_id)
        name, url, chosen = self._checked(name, url, events)
        values = {"name": name, "url": url, "events": sorted(chosen)}
        return self._change(access, endpoint_id, values, WebhookAction.CHANGED)

    def rotate(
        self, access: Access[OrganizationScope], endpoint_id: str
    ) -> tuple[WebhookEndpoint, Secret]:
        """Make a new secret and return it, this once; the one before signs too for 24 hours."""
        endpoint, secret = self.get(access, endpoint_id), new_webhook_secret()
        values = {
            "sealed": self._sealed(access, endpoint.id, secret),
            "sealed_previous": endpoint.sealed,
            "previous_until": self._clock.now() + OVERLAP,
        }
        return self._change(access, endpoint.id, values, WebhookAction.ROTATED), secret

    def pause(self, access: Access[OrganizationScope], endpoint_id: str) -> WebhookEndpoint:
        """Send nothing until `resume`: what happens meanwhile is kept and waits."""
        endpoint = self.get(access, endpoint_id)
        if endpoint.state is not EndpointState.ACTIVE:
            return endpoint
        values = {"state": EndpointState.PAUSED.value}
        paused = self._change(access, endpoint.id, values, WebhookAction.PAUSED)
        MessageRepository(access.connection).rest(access.scope, endpoint.id, self._clock.now())
        return paused

    def resume(self, access: Access[OrganizationScope], endpoint_id: str) -> WebhookEndpoint:
        """Send again, what has waited first; also to a receiver that had answered 410 Gone."""
        endpoint = self.get(access, endpoint_id)
        if endpoint.state is EndpointState.ACTIVE:
            return endpoint
        values = {"state": EndpointState.ACTIVE.value, "failing_since": None}
        resumed = self._change(access, endpoint.id, values, WebhookAction.RESUMED)
        now = self._clock.now()
        MessageRepository(access.connection).resume(access.scope, endpoint.id, now)
        access.after_commit(self._sender.wake)
        return resumed

    def delete(self, access: Access[OrganizationScope], endpoint_id: str) -> None:
        """Delete a webhook with its messages and attempts; raises NotFound."""
        endpoint = self.get(access, endpoint_id)
        EndpointRepository(access.connection).remove(access.scope, endpoint.id)
        self._record(access, WebhookAction.DELETED, endpoint)

    def messages(
        self,
        access: Access[OrganizationScope],
        endpoint_id: str,
        limit: int,
        after: Position | None = None,
    ) -> MessageList:
        """Return messages of a webhook, the newest first, from behind the position `after`."""
        endpoint = self.get(access, endpoint_id)
        repository = MessageRepository(access.connection)
        found = repository.following(access.scope, endpoint.id, min(limit, MAX_MESSAGES), after)
        ids = [message.id for message in found.items]
        attempts = repository.attempts(access.scope, ids, _MAX_ATTEMPTS)
        last = found.items[-1] if found.has_more else None
        place = (last.created_at, last.id) if last else None
        return MessageList(found.items, attempts, found.total, place)

    def resend(
        self, access: Access[OrganizationScope], endpoint_id: str, message_id: str
    ) -> WebhookMessage:
        """Send a message again, with the same id and bytes.

        Raises:
            NotFound: no such message of this webhook.
            Conflict: the webhook is not active, or the message is under way this moment.
        """
        endpoint = self.get(access, endpoint_id)
        repository = MessageRepository(access.connection)
        message = repository.find(access.scope, endpoint.id, message_id)
        message = existing(message, _("There is no such message."), code="no_webhook_message")
        if endpoint.state is not EndpointState.ACTIVE:
            raise Conflict(_("Resume the webhook first."), code="webhook_not_active")
        if not repository.again(access.scope, message.id, message.tries, self._clock.now()):
            raise Conflict(
                _("The message is being sent this moment."), code="webhook_message_under_way"
            )
        self._record(access, WebhookAction.RESENT, endpoint)
        access.after_commit(self._sender.wake)
        return replace(message, state=MessageState.WAITING)

    def begin_test(
        self, access: Access[OrganizationScope], endpoint_id: str
    ) -> tuple[WebhookMessage, WebhookEndpoint]:
        """Write a test message for `finish_test`; also of a webhook that is paused or off."""
        endpoint, now = self.get(access, endpoint_id), self._clock.now()
        until = now + timedelta(seconds=self._sender.timing.lease)
        return self._outbox.test_message(access, endpoint, now, until), endpoint

    def finish_test(self, message: WebhookMessage, endpoint: WebhookEndpoint) -> WebhookAttempt:
        """Send a test message now, once, and return how it went; called without a transaction."""
        return self._sender.try_now(message, endpoint)

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal every secret with the current key; returns how many were sealed again."""
        repository, count = EndpointRepository(access.connection), 0
        for endpoint in repository.list_all(access.scope):
            owner = sealed_for(endpoint.organization_id, endpoint.id)
            kept = (endpoint.sealed, endpoint.sealed_previous)
            again = [
                self._keys.seal(self._keys.open(each, owner), owner)
                if each and not self._keys.is_current(each)
                else each
                for each in kept
            ]
            if tuple(again) != kept:
                repository.set_sealed(access.scope, endpoint.id, *again)
                count += sum(new != old for new, old in zip(again, kept, strict=True))
        return count

    def _checked(
        self, name: str, url: str, events: Collection[str]
    ) -> tuple[str, str, frozenset[EventType]]:
        wrong: dict[str, str] = {}
        name = name.strip()
        if not name or len(name) > MAX_NAME or not name.isprintable():
            wrong["name"] = _("A name has 1 to {limit} letters.").format(limit=MAX_NAME)
        try:
            url = check_address(self._policy, url)
        except InvalidInput as error:
            wrong |= error.fields
        known = {one.value for one in EventType}
        if not events or not set(events) <= known:
            wrong["events"] = _("Choose at least one event.")
        if wrong:
            raise InvalidInput(" ".join(wrong.values()), code="webhook_invalid", fields=wrong)
        return name, url, frozenset(EventType(one) for one in events)

    def _sealed(self, access: Access[OrganizationScope], endpoint_id: str, secret: Secret) -> str:
        owner = sealed_for(access.scope.organization_id, endpoint_id)
        return self._keys.seal(secret, owner)

    def _change(
        self,
        access: Access[OrganizationScope],
        endpoint_id: str,
        values: dict[str, Any],
        action: WebhookAction,
    ) -> WebhookEndpoint:
        EndpointRepository(access.connection).change(access.scope, endpoint_id, values)
        changed = self.get(access, endpoint_id)
        self._record(access, action, changed)
        return changed

    def _record(
        self, access: Access[OrganizationScope], action: WebhookAction, endpoint: WebhookEndpoint
    ) -> None:
        self._audit.record(access, action, endpoint.id, {"name": endpoint.name})
