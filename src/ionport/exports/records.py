"""Writes to the ledger how steps end: each method inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ionport.core.clock import Clock
from ionport.core.i18n import _
from ionport.documents.service import DocumentService
from ionport.exports.attempts import Problem, changed
from ionport.exports.ledger_repository import LedgerRepository
from ionport.exports.model import (
    Attempt,
    AttemptState,
    Delivery,
    DeliveryStatus,
    DeliveryStep,
    Outcome,
    OutcomeKind,
    StepKind,
    StepStatus,
)
from ionport.exports.repository import DeliveryRepository
from ionport.exports.status import record_document_status
from ionport.exports.timing import ExportTiming
from ionport.store import OrganizationScope, SystemScope, Work

SYSTEM = SystemScope("running deliveries")
_UNFINISHED = (DeliveryStatus.PENDING, DeliveryStatus.RUNNING, DeliveryStatus.WAITING)
DONE = Outcome(OutcomeKind.DONE)
SETTLED = Outcome(OutcomeKind.SETTLED)
FAILED = Outcome(OutcomeKind.FAILED)


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery as a step found it."""

    delivery: Delivery
    steps: Mapping[StepKind, DeliveryStep]
    now: datetime
    is_claimed: bool = False

    @property
    def scope(self) -> OrganizationScope:
        return OrganizationScope(self.delivery.organization_id)

    def is_last(self, kind: StepKind) -> bool:
        """Whether no step comes after `kind`."""
        return all(step.position <= self.steps[kind].position for step in self.steps.values())


class Records:
    """How steps end, in rows."""

    def __init__(
        self, clock: Clock, documents: DocumentService, timing: ExportTiming, worker_id: str
    ) -> None:
        self._clock = clock
        self._documents = documents
        self._timing = timing
        self._worker_id = worker_id

    def load(self, work: Work, delivery_id: str, kind: StepKind) -> Held | Outcome:
        """Return the delivery if `kind` is what it needs now, else what to tell the runner."""
        delivery = DeliveryRepository(work.connection).get(SYSTEM, delivery_id)
        now = self._clock.now()
        if delivery is None or delivery.status.is_over:
            return SETTLED
        if delivery.due_at is None or delivery.due_at > now:
            return SETTLED
        found = LedgerRepository(work.connection).steps(SYSTEM, delivery_id)
        steps = {step.kind: step for step in found}
        wanted = steps.get(kind)
        if wanted is None:
            return SETTLED
        if wanted.status.is_over:
            return DONE
        if any(s.position < wanted.position and not s.status.is_over for s in found):
            return SETTLED
        return Held(delivery, steps, now)

    def claim(self, work: Work, held: Held, kind: StepKind) -> Held | Outcome:
        """Take the delivery for one step, or return why it cannot be had."""
        until = held.now + timedelta(seconds=self._timing.lease)
        repository = DeliveryRepository(work.connection)
        delivery = held.delivery
        if not repository.claim(SYSTEM, delivery.id, self._worker_id, now=held.now, until=until):
            return SETTLED
        held = replace(held, is_claimed=True)
        if delivery.runs >= self._timing.max_runs:
            # A payload that kills the process must not be taken up for ever.
            problem = Problem("interrupted_too_often", _("The delivery was interrupted too often."))
            return self.fail(work, held, kind, problem)
        return held

    def done(
        self,
        work: Work,
        held: Held,
        kind: StepKind,
        *,
        remote_id: str = "",
        summary: str = "",
        delivery: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Write that a step is done; with the last one the delivery is delivered."""
        now = self._clock.now()
        last = held.is_last(kind)
        if last:
            DeliveryRepository(work.connection).lock_document(SYSTEM, held.delivery.document_id)
        LedgerRepository(work.connection).update_step(
            SYSTEM,
            held.delivery.id,
            kind,
            {
                "status": StepStatus.DONE,
                "remote_id": remote_id,
                "summary": summary,
                "finished_at": now,
                "started_at": held.steps[kind].started_at or held.now,
            },
        )
        values = {
            **(delivery or {}),
            "status": DeliveryStatus.DELIVERED if last else DeliveryStatus.RUNNING,
            "due_at": None if last else now,
            "finished_at": now if last else None,
            "updated_at": now,
            "error_code": "",
            "error_text": "",
            "remedy": "",
        }
        if not self._update(work, held, values):
            return SETTLED
        if last:
            self._tell(work, held, _delivered_text(held, values))
        return DONE

    def wait(
        self, work: Work, held: Held, kind: StepKind, problem: Problem, seconds: float | None = None
    ) -> Outcome:
        """Write when a step is tried again; gives up when that is too often or too late.

        `seconds` is for a wait that is no failed try, such as for a lost call to settle.
        """
        now = self._clock.now()
        tries = held.steps[kind].tries + (seconds is None)
        if seconds is None:
            seconds = self._timing.wait_after(held.delivery.id, tries, problem.retry_after)
        next_at = now + timedelta(seconds=seconds)
        began = held.delivery.tries_since or held.delivery.created_at
        if self._timing.gives_up(tries, began, next_at):
            return self.fail(work, held, kind, _given_up(problem, tries))
        values = {
            "status": DeliveryStatus.WAITING,
            "due_at": next_at,
            "updated_at": now,
            "error_code": problem.code,
            "error_text": problem.text,
            "remedy": problem.remedy,
        }
        if not self._update(work, held, values):
            return SETTLED
        step = {"status": StepStatus.WAITING, "tries": tries, "summary": problem.text}
        LedgerRepository(work.connection).update_step(SYSTEM, held.delivery.id, kind, step)
        return Outcome(OutcomeKind.WAIT, seconds)

    def release(self, work: Work, held: Held) -> Outcome:
        """Let go of a delivery that is to be taken up again at once."""
        now = self._clock.now()
        self._update(work, held, {"due_at": now, "updated_at": now})
        return SETTLED

    def fail(self, work: Work, held: Held, kind: StepKind, problem: Problem) -> Outcome:
        """Write that a step has failed for good, and the delivery with it."""
        now = self._clock.now()
        DeliveryRepository(work.connection).lock_document(SYSTEM, held.delivery.document_id)
        values = {
            "status": DeliveryStatus.FAILED,
            "due_at": None,
            "finished_at": now,
            "updated_at": now,
            "error_code": problem.code,
            "error_text": problem.text,
            "remedy": problem.remedy,
        }
        if not self._update(work, held, values):
            return SETTLED
        step = {"status": StepStatus.FAILED, "summary": problem.text, "finished_at": now}
        LedgerRepository(work.connection).update_step(SYSTEM, held.delivery.id, kind, step)
        text = _("Export through “{title}” failed at “{step}”: {reason}").format(
            title=held.delivery.configuration_title, step=kind.label, reason=problem.text
        )
        self._tell(work, held, f"{text} {problem.remedy}".strip())
        return FAILED

    def broke_off(self, work: Work, delivery_id: str, kind: StepKind) -> Outcome:
        """Write that a step ended by a mistake of ours, which trying again does not mend."""
        delivery = DeliveryRepository(work.connection).get(SYSTEM, delivery_id)
        if delivery is None or delivery.status.is_over:
            return SETTLED
        steps = LedgerRepository(work.connection).steps(SYSTEM, delivery_id)
        self.lose_sight(work, delivery_id, kind, _("The call broke off."))
        is_ours = delivery.worker_id == self._worker_id
        held = Held(delivery, {step.kind: step for step in steps}, self._clock.now(), is_ours)
        problem = Problem(
            "internal",
            _("Something went wrong in ionport itself."),
            _("The log tells what; report it, then choose Retry."),
        )
        return self.fail(work, held, kind, problem)

    def lose_sight(self, work: Work, delivery_id: str, kind: StepKind, note: str) -> Attempt | None:
        """Return the last attempt of a step, as unknown if it was still `sent`."""
        ledger = LedgerRepository(work.connection)
        last = ledger.last_attempt(SYSTEM, delivery_id, kind)
        if last is None or last.state is not AttemptState.SENT:
            return last
        lost = changed(last, AttemptState.UNKNOWN, self._clock.now(), note)
        ledger.settle_attempt(SYSTEM, lost, expected=AttemptState.SENT)
        return lost

    def _update(self, work: Work, held: Held, values: Mapping[str, Any]) -> bool:
        """Change the delivery, unless it is over or, once claimed, somebody else's by now."""
        return DeliveryRepository(work.connection).update(
            SYSTEM,
            held.delivery.id,
            values,
            while_status=_UNFINISHED,
            while_worker=self._worker_id if held.is_claimed else None,
        )

    def _tell(self, work: Work, held: Held, text: str) -> None:
        record_document_status(work, held.scope, self._documents, held.delivery.document_id, text)


def _given_up(problem: Problem, tries: int) -> Problem:
    return Problem(
        code=problem.code,
        text=_("Given up after {tries} tries: {reason}").format(tries=tries, reason=problem.text),
        remedy=problem.remedy or _("When the cause is mended, choose Retry."),
        transient=True,
        http_status=problem.http_status,
    )


def _delivered_text(held: Held, values: Mapping[str, Any]) -> str:
    delivery = held.delivery
    text = _("Delivered through “{title}”: IDM item {pid}.").format(
        title=delivery.configuration_title, pid=values.get("idm_pid") or delivery.idm_pid
    )
    if StepKind.ION_PUBLISH in held.steps:
        text += " " + _("ION message {message}.").format(message=delivery.message_id)
    return text
