"""Documents whose events are told to a real receiver."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.sealing import KeyRing
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.documents.service import DocumentService
from ionport.documents.webhooks.model import EventType, WebhookAttempt, WebhookEndpoint
from ionport.documents.webhooks.outbox import Outbox
from ionport.documents.webhooks.sender import WebhookSender, WebhookTiming
from ionport.documents.webhooks.service import MessageList, WebhookService
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, Organization
from ionport.identity.repository import OrganizationRepository
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import Database, OrganizationScope, SystemScope
from tests.support.patience import PATIENCE
from tests.support.receiver import Receiver, receiving

ACME, OTHER = OrganizationScope("org_acme"), OrganizationScope("org_other")
OPERATOR = Actor.operator("test")
UBL = read_sample(UBL_INVOICE)
ALL = [event.value for event in EventType]


@dataclass
class Told:
    """An organization whose documents are told to one receiver."""

    database: Database
    clock: MovableClock
    keys: KeyRing
    documents: DocumentService
    webhooks: WebhookService
    sender: WebhookSender
    receiver: Receiver
    policy: AddressPolicy = field(default_factory=AddressPolicy)

    def add(
        self, url: str = "", events: list[str] = ALL, scope: OrganizationScope = ACME
    ) -> tuple[WebhookEndpoint, str]:
        with self.database.write() as work:
            access = Access(work, scope, OPERATOR)
            endpoint, secret = self.webhooks.add(access, "ERP", url or self.receiver.url, events)
        return endpoint, secret.reveal()

    def receive(self, number: str = "R-1", scope: OrganizationScope = ACME) -> str:
        content = UBL.replace(b"RE-2026-0417", number.encode())
        prepared = self.documents.prepare_receipt(scope, content, f"{number}.xml")
        with self.database.write() as work:
            return self.documents.receive(Access(work, scope, OPERATOR), prepared).id

    def reject(self, document_id: str) -> None:
        with self.database.write() as work:
            self.documents.decisions.reject(Access(work, ACME, OPERATOR), document_id, "wrong")

    def send_due(self) -> int:
        """Make every try that is due, and wait until all are written down."""
        began = 0
        while True:
            made = self.sender.look()
            end = time.monotonic() + PATIENCE
            while not self.sender.is_idle:
                assert time.monotonic() < end
                threading.Event().wait(0.002)
            if not made:
                return began
            began += made

    def endpoint(self, endpoint_id: str) -> WebhookEndpoint:
        with self.database.read() as work:
            return self.webhooks.get(Access(work, ACME, OPERATOR), endpoint_id)

    def messages(self, endpoint_id: str) -> MessageList:
        with self.database.read() as work:
            return self.webhooks.messages(Access(work, ACME, OPERATOR), endpoint_id, 200)

    def attempts(self, endpoint_id: str) -> list[WebhookAttempt]:
        """All attempts, the oldest first."""
        return list(reversed(self.messages(endpoint_id).attempts))

    def worker(self, timing: WebhookTiming | None = None) -> WebhookSender:
        """Another process's sender on the same database."""
        audit = AuditLog(self.clock)
        return WebhookSender(
            self.database, self.clock, self.keys, audit, self.policy, timing=timing
        )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def told(
    database: Database, clock: MovableClock, tmp_path: Path, receiver: Receiver
) -> Iterator[Told]:
    with database.write() as work:
        for scope in (ACME, OTHER):
            organization = Organization(scope.organization_id, scope.organization_id, None)
            OrganizationRepository(work.connection).add(
                SystemScope("test"), organization, clock.now()
            )
    keys, audit, policy = KeyRing.generate(), AuditLog(clock), AddressPolicy()
    outbox = Outbox("https://ionport.example")
    sender = WebhookSender(database, clock, keys, audit, policy)
    documents = DocumentService(clock, FolderBlobs(tmp_path / "blobs"), audit, events=outbox)
    webhooks = WebhookService(clock, keys, audit, policy, outbox, sender)
    yield Told(database, clock, keys, documents, webhooks, sender, receiver)
    sender.close()
