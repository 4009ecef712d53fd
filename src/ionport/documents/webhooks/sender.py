"""Sends webhook messages: each try is claimed, made without a transaction, and written down."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ionport.core.clock import Clock
from ionport.core.ids import new_id
from ionport.core.repeating import Repeating
from ionport.core.sealing import KeyRing
from ionport.core.telemetry import COUNTERS, bound
from ionport.documents.webhooks.calls import Answered, ReceiverCalls
from ionport.documents.webhooks.message_repository import MessageRepository
from ionport.documents.webhooks.model import (
    KEPT,
    EndpointState,
    MessageState,
    WebhookAction,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookMessage,
)
from ionport.documents.webhooks.repository import EndpointRepository
from ionport.documents.webhooks.secrets import secrets_of
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import Database, OrganizationScope, SystemScope, Work

_SENDING: Final = SystemScope("webhooks are sent")
_PRUNE_EVERY: Final = 3600.0
_PRUNED_AT_ONCE: Final = 1_000
_PER_ENDPOINT: Final = 2
_THREADS: Final = 8
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WebhookTiming:
    """Seconds: of one call, of the lease of a try, and between tries.

    The waits are those that Standard Webhooks recommends: ten tries in three days.
    """

    call: float = 20.0
    lease: float = 120.0
    waits: tuple[float, ...] = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    longest: float = 86400.0


class WebhookSender:
    """Makes the tries that are due. Any number of workers may do so at once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keys: KeyRing,
        audit: AuditLog,
        policy: AddressPolicy,
        *,
        timing: WebhookTiming | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys
        self._audit = audit
        self.timing = timing or WebhookTiming()
        self._calls = ReceiverCalls(clock, policy, self.timing.call)
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhooks")
        self._pruned_at = float("-inf")

    def close(self) -> None:
        """Wait for the calls under way, and close all sockets."""
        self._pool.shutdown()
        self._calls.close()

    def wake(self) -> None:
        """Let the next look begin at once."""
        self._awake.set()

    def wait(self, seconds: float) -> None:
        """Wait until something may be due."""
        self._awake.wait(seconds)
        self._awake.clear()

    def repeating(self, every_seconds: float = 2.0) -> Repeating:
        """Return what sends in threads of its own until it is closed, as it ends the calls."""
        return Repeating(
            "webhooks",
            self._look_and_prune,
            every_seconds,
            at_once=True,
            goes_on=True,
            interrupt=self.wake,
            pause=self.wait,
            at_end=self.close,
        )

    def _look_and_prune(self) -> int:
        self.prune()
        return self.look()

    def look(self) -> int:
        """Claim what is due and begin to send it in threads; returns how many."""
        claimed = self._claim()
        for message, endpoint in claimed:
            self._pool.submit(self._send_one, message, endpoint)
        return len(claimed)

    @property
    def is_idle(self) -> bool:
        """Whether no call is under way."""
        with self._lock:
            return not self._under_way

    def try_now(self, message: WebhookMessage, endpoint: WebhookEndpoint) -> WebhookAttempt:
        """Make the try of a message that the caller has claimed, and write it down."""
        with bound(organization=message.organization_id, webhook=endpoint.id, message=message.id):
            at = self._clock.now()
            secrets = secrets_of(self._keys, endpoint, at)
            answered = self._calls.send(endpoint.url, message, secrets)
            attempt = WebhookAttempt(
                id=new_id("wha"),
                message_id=message.id,
                endpoint_id=endpoint.id,
                number=message.tries,
                at=at,
                milliseconds=answered.milliseconds,
                status=answered.status,
                error=answered.error,
                answer=answered.answer,
            )
            with self._database.write() as work:
                outcome = self._settle(work, message, endpoint, attempt, answered)
            COUNTERS.add("webhooks", outcome=outcome)
            _logger.info(
                "webhook %s: try %d, status %s %s, %d ms",
                outcome,
                attempt.number,
                attempt.status,
                attempt.error,
                attempt.milliseconds,
            )
            return attempt

    def prune(self) -> None:
        """Delete what is older than it is kept; at most once in an hour."""
        if time.monotonic() - self._pruned_at < _PRUNE_EVERY:
            return
        self._pruned_at = time.monotonic()
        removed = _PRUNED_AT_ONCE
        while removed == _PRUNED_AT_ONCE:
            with self._database.write() as work:
                removed = MessageRepository(work.connection).prune(
                    _SENDING, self._clock.now() - KEPT, _PRUNED_AT_ONCE
                )

    def _claim(self) -> Sequence[tuple[WebhookMessage, WebhookEndpoint]]:
        now = self._clock.now()
        with self._lock:
            free = _THREADS - self._under_way.total()
            full = [each for each, calls in self._under_way.items() if calls >= _PER_ENDPOINT]
        if free <= 0:
            return []
        with self._database.read() as work:
            due = MessageRepository(work.connection).due(_SENDING, now, 10 * _THREADS, full)
        if not due:
            return []
        claimed: list[tuple[WebhookMessage, WebhookEndpoint]] = []
        for message in due:
            if len(claimed) == free:
                break
            if self._under_way[message.endpoint_id] < _PER_ENDPOINT:
                with self._database.write() as work:
                    endpoint = self._claim_one(work, message, now)
                if endpoint is not None:
                    with self._lock:
                        self._under_way[message.endpoint_id] += 1
                    claimed.append((_next_try(message), endpoint))
        return claimed

    def _claim_one(
        self, work: Work, message: WebhookMessage, now: datetime
    ) -> WebhookEndpoint | None:
        """Return the endpoint of a message whose next try is this process's."""
        messages, endpoints = (
            MessageRepository(work.connection),
            EndpointRepository(work.connection),
        )
        endpoints.lock(_SENDING, message.endpoint_id)
        endpoint = endpoints.find(_SENDING, message.endpoint_id)
        if endpoint is None:
            return None
        if endpoint.state is not EndpointState.ACTIVE:
            # It was written while somebody paused the endpoint.
            messages.rest(_SENDING, endpoint.id, now)
            return None
        if message.series > len(self.timing.waits):
            # The process that made the last try ended before it stored the result.
            self._give_up(work, message, endpoint, now)
            return None
        until = now + timedelta(seconds=self.timing.lease)
        return endpoint if messages.claim(_SENDING, message, now, until) else None

    def _send_one(self, message: WebhookMessage, endpoint: WebhookEndpoint) -> None:
        try:
            self.try_now(message, endpoint)
        except Exception:
            # Its lease ends, and it is tried again.
            _logger.exception("sending the webhook message %s broke off", message.id)
        finally:
            with self._lock:
                self._under_way[endpoint.id] -= 1
                self._under_way += Counter()
            self.wake()

    def _settle(
        self,
        work: Work,
        message: WebhookMessage,
        endpoint: WebhookEndpoint,
        attempt: WebhookAttempt,
        answered: Answered,
    ) -> str:
        """Write a try and what follows from it; returns the outcome in a word."""
        messages = MessageRepository(work.connection)
        endpoints = EndpointRepository(work.connection)
        endpoints.lock(_SENDING, endpoint.id)
        messages.add_attempt(_SENDING, message.organization_id, attempt)
        now = self._clock.now()
        if attempt.arrived:
            messages.settle(_SENDING, message.id, None, MessageState.DELIVERED, None, now)
            endpoints.set_failing(_SENDING, endpoint.id, None)
            return "delivered"
        if message.is_test:
            messages.settle(_SENDING, message.id, message.tries, MessageState.FAILED, None, now)
            return "failed"
        if answered.error == "gone":
            self._switch_off(work, endpoint)
            return "gone"
        if message.series > len(self.timing.waits):
            self._give_up(work, message, endpoint, now)
            return "given_up"
        due = now + timedelta(seconds=self._wait(message, answered))
        messages.settle(_SENDING, message.id, message.tries, MessageState.WAITING, due, None)
        if answered.retry_after:
            asked = min(answered.retry_after, self.timing.longest)
            messages.postpone(_SENDING, endpoint.id, now + timedelta(seconds=asked))
        return "failed"

    def _wait(self, message: WebhookMessage, answered: Answered) -> float:
        """Return the seconds to the next try: a fifth more or less, or what the receiver asks."""
        usual = self.timing.waits[message.series - 1] * random.uniform(0.8, 1.2)  # noqa: S311
        return min(max(usual, answered.retry_after or 0.0), self.timing.longest * 1.2)

    def _give_up(
        self, work: Work, message: WebhookMessage, endpoint: WebhookEndpoint, now: datetime
    ) -> None:
        failed = MessageState.FAILED
        settled = MessageRepository(work.connection).settle(
            _SENDING, message.id, message.tries, failed, None, now
        )
        if settled:
            EndpointRepository(work.connection).set_failing(_SENDING, endpoint.id, now)

    def _switch_off(self, work: Work, endpoint: WebhookEndpoint) -> None:
        """Send no more to a receiver that answered 410 Gone, until a person resumes it."""
        if EndpointRepository(work.connection).switch_off(_SENDING, endpoint.id):
            scope = OrganizationScope(endpoint.organization_id)
            access = Access(work, scope, Actor.operator("webhooks"))
            details = {"name": endpoint.name}
            self._audit.record(access, WebhookAction.SWITCHED_OFF, endpoint.id, details)
        MessageRepository(work.connection).rest(_SENDING, endpoint.id, self._clock.now())


def _next_try(message: WebhookMessage) -> WebhookMessage:
    """Return a message as it is stored after its claim."""
    return replace(message, tries=message.tries + 1, series=message.series + 1)
