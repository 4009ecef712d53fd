"""Posts acknowledgements to registered APIs, outside of any request.

What is to be sent are rows that committed with the messages they answer. An attempt is a row
before anything goes out; if the process ends then, the acknowledgement is posted again after its
lease: the receiver gets it at least once, as from ION, and knows it by its BODID.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, IonportError, NotFound
from ionport.gateway.proxy.outgoing import ApiAddress, OutgoingAnswer, OutgoingCalls
from ionport.sandbox.messaging.flows.acknowledge_bod import (
    CONFIRMED,
    InvoiceDocument,
    Verdict,
    acknowledge,
    confirm,
)
from ionport.sandbox.messaging.flows.erp_invoice import read_invoice
from ionport.sandbox.messaging.flows.model import (
    ACKNOWLEDGEMENT,
    LEASE,
    Acknowledgement,
    AckResult,
    AckState,
    Decision,
    DocumentFlow,
    Ended,
    Erp,
    FlowTarget,
    state_after,
)
from ionport.sandbox.messaging.flows.ports import Books
from ionport.sandbox.messaging.flows.repository import (
    AcknowledgementRepository,
    DocumentFlowRepository,
)
from ionport.sandbox.messaging.model import Message
from ionport.sandbox.messaging.repository import MessageRepository
from ionport.store import Database, SystemScope, TenantScope

MAX_AT_ONCE: Final = 8
EVERY_SECONDS: Final = 1.0
_MAX_TEXT: Final = 2_000
_SCOPE: Final = SystemScope("acknowledgements of document flows")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    """An acknowledgement whose attempt has begun, with all that it is made of."""

    ack: Acknowledgement
    flow: DocumentFlow
    message: Message


class FlowRunner:
    """One thread with an event loop of its own; several processes may run one each.

    With `on_demand` the first `wake` launches it, for a test-suite that may never need it.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: Clock,
        outgoing: OutgoingCalls,
        *,
        every_seconds: float = EVERY_SECONDS,
        on_demand: bool = False,
        books: Mapping[Erp, Books] | None = None,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._outgoing = outgoing
        self._every = every_seconds
        self._on_demand = on_demand
        self._books = books or {}
        self._launching = threading.Lock()
        self._started = threading.Event()
        self._thread: threading.Thread | None = None

    def launch(self) -> None:
        """Start sending."""
        self._started.clear()
        self._thread = threading.Thread(target=self._run, name="document-flows", daemon=True)
        self._thread.start()
        self._started.wait()

    def close(self) -> None:
        """Stop; what is under way is posted again by the next runner."""
        if self._thread is not None:
            self._tell(self._task.cancel)
            self._thread.join()
            self._thread = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Send for the time of the block."""
        self.launch()
        try:
            yield
        finally:
            self.close()

    def wake(self) -> None:
        """Look at once for something to send; may be called from any thread."""
        with self._launching:
            if self._thread is None and self._on_demand:
                self.launch()
        if self._thread is not None:
            self._tell(self._wanted.set)

    def _tell(self, action: Callable[[], object]) -> None:
        # The loop may just have ended by itself.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(action)

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wanted = asyncio.Event()
        self._task = asyncio.ensure_future(self._send_for_ever())
        self._started.set()
        await self._task

    async def _send_for_ever(self) -> None:
        under_way: set[asyncio.Task[None]] = set()
        while True:
            free = MAX_AT_ONCE - len(under_way)
            jobs = await asyncio.to_thread(self._take_calmly, free) if free else []
            for job in jobs:
                task = asyncio.create_task(self._send(job))
                under_way.add(task)
                # An attempt that ends lets the next one begin.
                task.add_done_callback(lambda _task: self._wanted.set())
            if not jobs:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._every):
                        await self._wanted.wait()
            self._wanted.clear()
            under_way = {task for task in under_way if not task.done()}

    async def tick(self) -> int:
        """Send what is due, at most 8, wait for the answers, and return how many that were."""
        jobs = await asyncio.to_thread(self._take, MAX_AT_ONCE)
        await asyncio.gather(*(self._send(job) for job in jobs))
        return len(jobs)

    def _take_calmly(self, limit: int) -> list[_Job]:
        try:
            return self._take(limit)
        except Exception:
            # Most often the database cannot be reached; what is due is still due at the next look.
            _logger.exception("the document flows broke off")
            return []

    def _take(self, limit: int) -> list[_Job]:
        now = self._clock.now()
        with self._database.read() as work:
            if not AcknowledgementRepository(work.connection).due(_SCOPE, now, 1):
                return []
        jobs = []
        with self._database.write() as work:
            outbox = AcknowledgementRepository(work.connection)
            for ack in outbox.due(_SCOPE, now, limit):
                if ack.attempts >= ack.last_attempt:
                    outbox.give_up(_SCOPE, ack)  # The process ended during the last attempt.
                    continue
                scope = TenantScope(ack.tenant_id)
                flow = DocumentFlowRepository(work.connection).get(scope, ack.flow_id)
                message = MessageRepository(work.connection).get(scope, ack.message_row_id)
                if flow is None or message is None:
                    continue  # Its flow is being deleted, and the acknowledgement with it.
                if outbox.take(_SCOPE, ack, now, now + LEASE):
                    jobs.append(_Job(ack, flow, message))
        return jobs

    async def _send(self, job: _Job) -> None:
        try:
            ended = await self._ended(job)
        except Exception:
            _logger.exception("acknowledgement %s failed", job.ack.id)
            ended = Ended(AckState.FAILED, AckResult.FAILED)
        try:
            await asyncio.to_thread(self._finish, job, ended)
        except Exception:
            # It counts as cut off, and is posted again after its lease.
            _logger.exception("the end of acknowledgement %s was not stored", job.ack.id)

    async def _ended(self, job: _Job) -> Ended:
        """Make the acknowledgement, unless an earlier attempt has, and post it."""
        try:
            content = await asyncio.to_thread(self._decided, job)
        except IonportError as error:
            if job.flow.rule.erp is Erp.RULE:
                # ION does not post what a receiver cannot read; it keeps a ConfirmBOD
                # (docs/reference/ion-messaging.md#confirm-and-acknowledge).
                return Ended(AckState.FAILED, AckResult.UNREADABLE, error.text)
            content = await asyncio.to_thread(self._confirmed, job, error.text)
        if content is None:
            return Ended(AckState.PASSED_OVER, AckResult.OTHER_TYPE)
        target = job.flow.target
        if not target.is_named:
            return Ended(AckState.KEPT, AckResult.NO_TARGET)
        address = ApiAddress(
            job.flow.tenant_id, target.api_context, target.proxy_context, target.path
        )
        content_type, body = form_of(target, content)
        try:
            answer = await self._outgoing.post(address, content_type, body)
        except NotFound as error:
            return Ended(AckState.FAILED, AckResult.NOT_SENT, error.text)
        except IonportError as error:
            return Ended(AckState.WAITING, AckResult.NOT_SENT, error.text)
        state = state_after(answer.status)
        return Ended(state, AckResult.ANSWERED, _shown(answer), answer.status)

    def _decided(self, job: _Job) -> bytes | None:
        """Return the acknowledgement; None when the flow does not take the document.

        It is made and stored once: however often it is posted, its bytes are the same.
        """
        if job.ack.bod_sha256 is not None:
            return self._blobs.get(job.ack.bod_sha256)
        content = self._blobs.get(job.message.bod_sha256)
        document = InvoiceDocument.read(content, job.message.document_name)
        if job.flow.document_type not in ("", document.document_type):
            return None
        if job.flow.rule.erp is not Erp.RULE and not document.is_invoice:
            return None
        verdict = self._verdict(job, document)
        made = acknowledge(document, verdict, tenant_id=job.flow.tenant_id, at=self._clock.now())
        return self._kept(job, Decision(verdict.outcome, verdict.reason, self._blobs.put(made)))

    def _verdict(self, job: _Job, document: InvoiceDocument) -> Verdict:
        """Let the flow's ERP book the document, once, also when a process ends in between."""
        rule = job.flow.rule
        books = self._books.get(rule.erp)
        if books is None:
            rejected = rule.rejected(document.value(rule.field) if rule.field else None)
            return Verdict(rule.words, rule.reason_code) if rejected else Verdict()
        invoice = read_invoice(document)
        try:
            with self._database.write() as work:
                outbox = AcknowledgementRepository(work.connection)
                booked = outbox.locked_booking(_SCOPE, job.ack)
                if booked is None:
                    booked = books.book(work.within(TenantScope(job.flow.tenant_id)), invoice)
                    outbox.book(_SCOPE, job.ack, booked)
        except InvalidInput as error:
            return Verdict(error.text, error.code)
        return Verdict(booked=booked)

    def _confirmed(self, job: _Job, reason: str) -> bytes:
        """Return the ConfirmBOD for a document that cannot be read."""
        message = job.message
        made = confirm(message.message_id, message.document_name, reason, self._clock.now())
        return self._kept(job, Decision(CONFIRMED, reason, self._blobs.put(made)))

    def _kept(self, job: _Job, decision: Decision) -> bytes:
        with self._database.write() as work:
            AcknowledgementRepository(work.connection).decide(_SCOPE, job.ack, decision)
        return self._blobs.get(decision.bod_sha256)

    def _finish(self, job: _Job, ended: Ended) -> None:
        now, number = self._clock.now(), job.ack.attempts + 1
        if ended.state is AckState.WAITING and number >= job.ack.last_attempt:
            ended = replace(ended, state=AckState.FAILED)
        with self._database.write() as work:
            outbox = AcknowledgementRepository(work.connection)
            outbox.finish(_SCOPE, job.ack, ended, now, now + job.ack.wait_after(number))


def form_of(target: FlowTarget, content: bytes) -> tuple[str, bytes]:
    """Return Content-Type and body of the form that carries an acknowledgement (RFC 7578)."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in target.parameters.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{target.file_field}";'
        f' filename="{ACKNOWLEDGEMENT}.xml"\r\nContent-Type: application/xml\r\n\r\n'
    ).encode()
    body = b"".join([*parts, head, content, f"\r\n--{boundary}--\r\n".encode()])
    return f"multipart/form-data; boundary={boundary}", body


def _shown(answer: OutgoingAnswer) -> str:
    """Return the beginning of an answer as a text that any page may show."""
    text = answer.body[:_MAX_TEXT].decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
