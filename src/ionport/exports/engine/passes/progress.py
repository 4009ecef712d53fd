"""Writes to the ledger how far passes are: each method in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ionport.core.clock import Clock
from ionport.documents.service import DocumentService
from ionport.documents.webhooks.model import EventType
from ionport.exports.engine.passes.model import SETTLED, SYSTEM, RunningPass
from ionport.exports.ledger.attempts import changed
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.places import ConnectionPlaces
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import (
    Attempt,
    AttemptState,
    CallEnd,
    Delivery,
    DeliveryStatus,
    Outcome,
    StepKind,
    StepStatus,
)
from ionport.exports.status import record_document_status, tell_of_delivery
from ionport.exports.timing import ExportTiming
from ionport.store import Work


class PassProgress:
    """Writes what a pass does. Each write of a pass names its number."""

    def __init__(
        self, clock: Clock, documents: DocumentService, timing: ExportTiming, worker_id: str
    ) -> None:
        self._clock = clock
        self._documents = documents
        self._timing = timing
        self._worker_id = worker_id
        self.places = ConnectionPlaces(worker_id, timing.silent_after)

    def load(self, work: Work, delivery_id: str, pass_number: int) -> RunningPass | Outcome:
        """Return a delivery whose pass is under way here, with its steps as they are now."""
        delivery = DeliveryRepository(work.connection).get(SYSTEM, delivery_id)
        if delivery is None or delivery.pass_number != pass_number:
            return SETTLED
        return self._with_steps(work, delivery)

    def _with_steps(self, work: Work, delivery: Delivery) -> RunningPass:
        steps = LedgerRepository(work.connection).steps(SYSTEM, delivery.id)
        return RunningPass(delivery, {step.kind: step for step in steps}, self._clock.now())

    def send(
        self, work: Work, running: RunningPass, attempt: Attempt, number: int
    ) -> RunningPass | None:
        """Write that an attempt's call is sent now, for the `number`-th time; None: it may not.

        The commit renews the lease: the same statement proves the right to send. A call that Infor
        has confirmed already, in a late answer, is not sent again.
        """
        values = {"sent_attempt_id": attempt.id, "updated_at": self._clock.now()}
        if not self._update(work, running, values, sent=attempt.step):
            return None
        ledger, step = LedgerRepository(work.connection), running.steps[attempt.step]
        if step.attempts and ledger.succeeded(SYSTEM, running.delivery.id, attempt.step):
            return None
        if number == 1:
            step = replace(step, status=StepStatus.RUNNING)
            may_leave = ledger.begin_attempt(SYSTEM, step, attempt, running.unwritten_attempts)
        else:
            may_leave = ledger.settle_attempt(SYSTEM, attempt, expected=AttemptState.SENT)
        return running.written() if may_leave else None

    def note_done(
        self,
        running: RunningPass,
        kind: StepKind,
        *,
        summary: str,
        delivery: Mapping[str, Any] | None = None,
        attempt: Attempt | None = None,
    ) -> RunningPass:
        """Note that a step without an effect at Infor is done; written with the next write.

        `attempt` is its call. The step is not the last one.
        """
        now = self._clock.now()
        values = {
            "status": StepStatus.DONE,
            "summary": summary,
            "finished_at": now,
            "started_at": running.steps[kind].started_at or running.now,
        }
        columns = delivery or {}
        return replace(
            running.with_change(kind, values, attempt),
            delivery=replace(running.delivery, **columns),
            unwritten={**running.unwritten, **columns},
            now=now,
        )

    def part_done(
        self, work: Work, running: RunningPass, kind: StepKind, summary: str
    ) -> RunningPass | Outcome:
        """Write that a call has done a part of its step; the pass goes on with the rest."""
        now = self._clock.now()
        if not self._update(work, running, {"sent_attempt_id": None, "updated_at": now}):
            return SETTLED
        step = {"summary": summary, "tries": 0}
        LedgerRepository(work.connection).update_step(SYSTEM, running.delivery.id, kind, step)
        attempts = running.steps[kind].attempts + 1
        return replace(running.written().with_step(kind, attempts=attempts, **step), now=now)

    def write_attempt(
        self, work: Work, running: RunningPass, attempt: Attempt
    ) -> RunningPass | None:
        """Write an attempt of a call that only read; None when the pass was taken over."""
        # Rows of deliveries are always locked before those of steps and attempts, to avoid a
        # deadlock.
        DeliveryRepository(work.connection).lock_document(SYSTEM, running.delivery.document_id)
        if not self._update(work, running, {"updated_at": self._clock.now()}):
            return None
        if not LedgerRepository(work.connection).add_attempt(SYSTEM, attempt):
            return None
        return running.written().with_step(attempt.step, attempts=attempt.number)

    def mark_attempt_unknown(
        self, work: Work, delivery_id: str, kind: StepKind, note: str, call_end: CallEnd
    ) -> Attempt | None:
        """Return the last attempt of a step, as unknown if it was still `sent`."""
        ledger = LedgerRepository(work.connection)
        last = ledger.last_attempt(SYSTEM, delivery_id, kind)
        if last is None or last.state is not AttemptState.SENT:
            return last
        lost = changed(last, AttemptState.UNKNOWN, self._clock.now(), note)
        lost = replace(lost, call_end=call_end)
        ledger.settle_attempt(SYSTEM, lost, expected=AttemptState.SENT)
        return lost

    def after(self, seconds: float) -> datetime:
        """Return the moment in so many seconds."""
        return self._clock.now() + timedelta(seconds=seconds)

    def _update(
        self,
        work: Work,
        running: RunningPass,
        values: Mapping[str, Any],
        sent: StepKind | None = None,
        handed_over: Mapping[str, Any] | None = None,
    ) -> bool:
        """Change the delivery, unless the pass is over or was taken over.

        With `handed_over`, which an ERP status brings, also not where the delivery has one.
        The pass's unwritten changes are written with it, but for the step whose attempt is `sent`,
        and the attempts, which go with that one.
        """
        values = {**running.unwritten, **values}
        passes = PassRepository(work.connection)
        if not passes.update_pass(
            SYSTEM, running.delivery.id, running.pass_number, values, handed_over
        ):
            return False
        ledger = LedgerRepository(work.connection)
        ledger.write_steps(SYSTEM, running.delivery.id, running.changed_steps(besides=sent))
        if sent is None:
            ledger.add_attempts(SYSTEM, running.unwritten_attempts)
        return True

    def _tell_webhooks(
        self,
        work: Work,
        running: RunningPass,
        now: datetime,
        *types: EventType,
        status: DeliveryStatus,
        **details: str,
    ) -> None:
        access, delivery = work.within(running.scope), running.delivery
        tell_of_delivery(
            access, self._documents, delivery, now, *types, status=status, details=details
        )

    def _tell(self, work: Work, running: RunningPass, text: str) -> None:
        record_document_status(
            work.within(running.scope), self._documents, running.delivery.document_id, text
        )
