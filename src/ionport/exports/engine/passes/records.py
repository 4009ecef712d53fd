"""Writes to the ledger how passes begin and end: each method in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ionport.core.i18n import _
from ionport.core.sentences import joined
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
from ionport.exports.engine.passes.progress import PassProgress
from ionport.exports.ledger.attempts import NO_PROBLEM, Problem
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import (
    CallEnd,
    DeliveryStatus,
    Outcome,
    OutcomeKind,
    StepKind,
    StepStatus,
)
from ionport.exports.status import handed_over_of
from ionport.store import Work

# Below it a wait would be lost in the rounding of moments.
_SHORTEST_WAIT = 0.01


class PassRecords(PassProgress):
    """Writes the begin, progress and end of passes."""

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


def _given_up(problem: Problem, tries: int) -> Problem:
    return Problem(
        code=problem.code,
        text=_("Given up after {tries} tries: {reason}").format(tries=tries, reason=problem.text),
        remedy=problem.remedy or _("When the cause is mended, choose Retry."),
        transient=True,
        http_status=problem.http_status,
    )
