"""Writes to the ledger how passes and their steps end: each method in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ionport.core.clock import Clock
from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.documents.service import DocumentService
from ionport.documents.webhooks.model import EventType
from ionport.exports.acknowledgements.follow_up import follow_up
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.idm_follow_ups import FOLLOW_UP_KINDS
from ionport.exports.engine.passes.model import (
    DELIVERED,
    FAILED,
    SETTLED,
    SYSTEM,
    RunningPass,
)
from ionport.exports.ledger.attempts import NO_PROBLEM, Problem, changed
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
    OutcomeKind,
    StepKind,
    StepStatus,
)
from ionport.exports.status import handed_over_of, record_document_status, tell_of_delivery
from ionport.exports.timing import ExportTiming
from ionport.store import Work

# Below it a wait would be lost in the rounding of moments.
_SHORTEST_WAIT = 0.01


class PassRecords:
    """Writes the begin, progress and end of passes. Each write of a pass names its number."""

    def __init__(
        self, clock: Clock, documents: DocumentService, timing: ExportTiming, worker_id: str
    ) -> None:
        self._clock = clock
        self._documents = documents
        self._timing = timing
        self._worker_id = worker_id
        self.places = ConnectionPlaces(worker_id, timing.silent_after)

    def claim(self, work: Work, delivery_id: str, pass_number: int) -> RunningPass | Outcome:
        """Begin a pass; *settled* when it is not due, over, or run by another worker."""
        now = self._clock.now()
        if not self.places.take(work, delivery_id, pass_number, now):
            return SETTLED
        claimed = PassRepository(work.connection).claim(
            SYSTEM, delivery_id, pass_number, self._worker_id, now=now
        )
        if claimed is None:
            return SETTLED
        running = self._with_steps(work, claimed)
        if running.delivery.runs > self._timing.max_runs:
            # A payload that kills the process must not be taken up for ever.
            problem = Problem("interrupted_too_often", _("The delivery was interrupted too often."))
            return self.fail(work, running, running.next_step, problem)
        return running

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

    def done(
        self,
        work: Work,
        running: RunningPass,
        kind: StepKind,
        *,
        remote_id: str = "",
        summary: str = "",
        delivery: Mapping[str, Any] | None = None,
    ) -> RunningPass | Outcome:
        """Write that a step is done; with the last one the delivery is delivered.

        Returns the delivery as the pass goes on with it. It is not read again: no other worker
        changes the steps of a pass, and a takeover changes its number, which every write names.
        """
        now = self._clock.now()
        last = running.is_last(kind)
        values = {
            **(delivery or {}),
            "sent_attempt_id": None,
            "updated_at": now,
            **NO_PROBLEM,
        }
        handed_over: Mapping[str, Any] = {}
        if last:
            DeliveryRepository(work.connection).lock_document(SYSTEM, running.delivery.document_id)
            values |= self._ended(running)
            values |= {"status": DeliveryStatus.DELIVERED, "finished_at": now}
            handed_over = handed_over_of(running.delivery, running.steps, now)
        is_new = self._update(work, running, values, handed_over=handed_over)
        if not is_new and not (handed_over and self._update(work, running, values)):
            return SETTLED
        started_at = running.steps[kind].started_at or running.now
        told = {"status": StepStatus.DONE, "remote_id": remote_id, "summary": summary}
        step = {**told, "finished_at": now, "started_at": started_at}
        LedgerRepository(work.connection).update_step(SYSTEM, running.delivery.id, kind, step)
        changed_delivery = replace(running.delivery, **values)
        ended = last and kind not in FOLLOW_UP_KINDS
        events = (EventType.STEP_DONE, *([EventType.DELIVERED] if ended else []))
        details = {"step": kind.value, "remote_id": remote_id}
        self._tell_webhooks(work, running, now, *events, status=changed_delivery.status, **details)
        if last:
            if not is_new:
                self._follow_up(work, running, now)
            method = destination_of(running.delivery.method)
            self._tell(work, running, method.delivered_text(changed_delivery) if ended else summary)
            return DELIVERED
        return replace(
            running.written().with_step(kind, **step), delivery=changed_delivery, now=now
        )

    @staticmethod
    def _follow_up(work: Work, running: RunningPass, now: datetime) -> None:
        """Add the step that follows an earlier acknowledgement of the ERP."""
        delivered = DeliveryRepository(work.connection).get(SYSTEM, running.delivery.id)
        if delivered is not None:
            follow_up(work.within(running.scope), delivered, now)

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

    def wait(
        self,
        work: Work,
        running: RunningPass,
        kind: StepKind,
        problem: Problem,
        seconds: float | None = None,
    ) -> Outcome:
        """End the pass until a step is tried again; gives up when that is too often or too late.

        `seconds` is for a wait that is no failed try, such as for a lost call to settle.
        """
        now = self._clock.now()
        tries = running.steps[kind].tries + (seconds is None)
        if seconds is None:
            seconds = self._timing.wait_after(running.delivery.id, tries, problem.retry_after)
        seconds = max(seconds, _SHORTEST_WAIT)
        next_at = now + timedelta(seconds=seconds)
        began = running.delivery.tries_since or running.delivery.created_at
        if self._timing.gives_up(tries, began, next_at):
            return self.fail(work, running, kind, _given_up(problem, tries))
        if not self._rest(work, running, problem, now, next_at):
            return SETTLED
        step = {"status": StepStatus.WAITING, "tries": tries, "summary": problem.text}
        LedgerRepository(work.connection).update_step(SYSTEM, running.delivery.id, kind, step)
        return Outcome(OutcomeKind.WAIT, seconds)

    def after(self, seconds: float) -> datetime:
        """Return the moment in so many seconds."""
        return self._clock.now() + timedelta(seconds=seconds)

    def rest_until(
        self, work: Work, running: RunningPass, problem: Problem, until: datetime
    ) -> Outcome:
        """End the pass until a moment; the wait is no try, and the series begins anew after it."""
        now = self._clock.now()
        if not self._rest(work, running, problem, now, until, {"tries_since": None}):
            return SETTLED
        return Outcome(OutcomeKind.WAIT, (until - now).total_seconds())

    def hold(
        self, work: Work, running: RunningPass, problem: Problem, *, needs_person: bool = True
    ) -> Outcome:
        """End the pass until `problem` no longer holds the delivery.

        With `needs_person` the event goes to webhooks and alerts.
        """
        now = self._clock.now()
        # The series of tries begins anew when the hold is over, however long it lasts.
        rests = self._rest(work, running, problem, now, None, {"tries_since": None})
        if rests and needs_person:
            held, waiting = EventType.DELIVERY_HELD, DeliveryStatus.WAITING
            self._tell_webhooks(work, running, now, held, status=waiting, error_code=problem.code)
        return SETTLED

    def release(self, work: Work, running: RunningPass) -> Outcome:
        """End the pass; the next one may begin at once."""
        now = self._clock.now()
        values = {"status": DeliveryStatus.PENDING, "due_at": now, "updated_at": now}
        self._update(work, running, self._ended(running) | values)
        return SETTLED

    def fail(
        self, work: Work, running: RunningPass, kind: StepKind | None, problem: Problem
    ) -> Outcome:
        """Write that a step has failed for good, and the delivery with it."""
        now = self._clock.now()
        DeliveryRepository(work.connection).lock_document(SYSTEM, running.delivery.document_id)
        values = {
            "status": DeliveryStatus.FAILED,
            "finished_at": now,
            "updated_at": now,
            **problem.columns,
        }
        if not self._update(work, running, self._ended(running) | values):
            return SETTLED
        if kind is not None:
            step = {"status": StepStatus.FAILED, "summary": problem.text, "finished_at": now}
            LedgerRepository(work.connection).update_step(SYSTEM, running.delivery.id, kind, step)
        details = {"step": kind.value if kind else "", "error_code": problem.code}
        failed = EventType.DELIVERY_FAILED
        self._tell_webhooks(work, running, now, failed, status=DeliveryStatus.FAILED, **details)
        text = _("Export through “{title}” failed at “{step}”: {reason}").format(
            title=running.delivery.configuration_title,
            step=kind.label if kind else "?",
            reason=problem.text,
        )
        self._tell(work, running, joined(text, problem.remedy))
        return FAILED

    def fail_internally(self, work: Work, running: RunningPass, kind: StepKind) -> Outcome:
        """Write that a step ended by a fault of ours, which trying again does not repair."""
        problem = Problem(
            "internal",
            _("Something went wrong in ionport itself."),
            _("The log tells what; report it, then choose Retry."),
        )
        outcome = self.fail(work, running, kind, problem)
        if outcome is FAILED:
            note = _("The call broke off.")
            self.mark_attempt_unknown(work, running.delivery.id, kind, note, CallEnd.ENDED)
        return outcome

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

    def _rest(
        self,
        work: Work,
        running: RunningPass,
        problem: Problem,
        now: datetime,
        due_at: datetime | None,
        more: Mapping[str, Any] | None = None,
    ) -> bool:
        values = {"status": DeliveryStatus.WAITING, "updated_at": now, **problem.columns}
        values |= {"due_at": due_at, **(more or {})}
        return self._update(work, running, self._ended(running) | values)

    @staticmethod
    def _ended(running: RunningPass) -> dict[str, Any]:
        return {
            "pass_number": running.pass_number + 1,
            "worker_id": None,
            "sent_attempt_id": None,
            "due_at": None,
        }

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


def _given_up(problem: Problem, tries: int) -> Problem:
    return Problem(
        code=problem.code,
        text=_("Given up after {tries} tries: {reason}").format(tries=tries, reason=problem.text),
        remedy=problem.remedy or _("When the cause is mended, choose Retry."),
        transient=True,
        http_status=problem.http_status,
    )
