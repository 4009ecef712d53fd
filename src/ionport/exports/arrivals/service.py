"""A person decides of a call whose answer was lost and whose target cannot be asked.

*It is there*: its step is done, as if the answer had come, and the delivery goes on with the next;
of a step that is made in parts, it goes on with the parts that the target lacks.
*It is not there*: the call counts as failed, and is made again under the same key
(docs/decisions/0005-once-never-lose-a-delivery-never-post-one-twice.md).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ionport.core.clock import BootClock
from ionport.core.errors import Conflict
from ionport.core.i18n import _, moment_text
from ionport.documents.retention.content import require_content
from ionport.documents.service import DocumentService
from ionport.exports.arrivals.model import Arrival, UnknownCall, unknown_call
from ionport.exports.deliveries import DeliveryService, checked_reason
from ionport.exports.destinations import call_of
from ionport.exports.document_deliveries import require_newest
from ionport.exports.engine.lost_calls import LostCalls
from ionport.exports.engine.passes.model import RunningPass
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.ledger.attempts import changed, miss_counts_after
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.life_cycle import DeliveryCause
from ionport.exports.model import (
    Attempt,
    AttemptState,
    Delivery,
    DeliveryAction,
    DeliveryDetail,
    StepStatus,
)
from ionport.exports.timing import ExportTiming
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope, SystemScope

# Of deliveries that the caller's scope was asked for before.
_SYSTEM: Final = SystemScope("decided deliveries")


class ArrivalService:
    """Takes a person's word of what has arrived."""

    def __init__(
        self,
        clock: BootClock,
        audit: AuditLog,
        documents: DocumentService,
        deliveries: DeliveryService,
        timing: ExportTiming | None = None,
    ) -> None:
        self._clock = clock
        self._audit = audit
        self._documents = documents
        self._deliveries = deliveries
        self._timing = timing or ExportTiming()
        self._seen = LostCalls(clock, self._timing)

    def question(self, detail: DeliveryDetail) -> UnknownCall | None:
        """Return the call of a delivery that a person may decide of, None without one."""
        return unknown_call(detail, self._sure_at)

    def _sure_at(self, lost: Attempt) -> datetime:
        """Return from when on a call can arrive no more.

        Counted on the boot clock from when this process first showed it; by the wall clock, which
        another machine has written, only where it would be so although the two differed.
        """
        own = self._clock.now() + timedelta(seconds=self._seen.seconds_until_a_miss_counts(lost))
        written = lost.history[-1].at if lost.history else lost.sent_at
        wait = miss_counts_after(lost, self._timing) + self._timing.clock_error
        return min(own, written + timedelta(seconds=wait))

    def undecided(
        self, access: Access[OrganizationScope], delivery_ids: Sequence[str]
    ) -> Collection[str]:
        """Return which of these failed deliveries have a call of which a person may decide."""
        access.require_organization_member()
        return LedgerRepository(access.connection).with_unknown(access.scope, delivery_ids)

    def decide(
        self,
        access: Access[OrganizationScope],
        delivery_id: str,
        arrival: Arrival,
        reason: str,
        reference: str = "",
    ) -> Delivery:
        """Take a person's word about the lost call of a delivery that waits, failed or is given up.

        `reference` is the target's id of what has arrived, `reason` (1 to 500 characters) how the
        person knows. An answer that comes later is noted and changes nothing, unless it names
        another item.

        Raises:
            Forbidden: the right to decide about documents of this type is missing.
            NotFound: no such delivery.
            InvalidInput: no reason, or the reference is wrong or missing.
            Conflict: `nothing_unknown`, also while a worker runs it; `delivery_superseded`;
                `may_still_arrive`; the document's content was removed; for *not there* as `retry`.
        """
        reason = checked_word(reason)
        detail = self._deliveries.get(access, delivery_id)
        access.require(Permission.DECIDE, detail.document_type)
        # Nothing changes between these checks and the commit: a worker that goes on at this moment
        # has claimed its pass before, or finds it decided.
        document = self._deliveries.lock(access, detail.delivery)
        detail = self._deliveries.get(access, delivery_id)
        question = self.question(detail)
        if question is None:
            raise Conflict(
                _("No call of this delivery is without an answer now."), code="nothing_unknown"
            )
        require_newest(access, detail.delivery)
        is_part = call_of(detail.delivery.method, question.step.kind).is_made_in_parts
        if arrival is Arrival.NOT_THERE or question.is_needed or is_part:
            require_content(document.purged_at)
        told = {"reason": reason, "step": question.step.kind.value}
        if arrival is Arrival.THERE:
            reference = question.checked_reference(reference)
            told |= {"reference": reference} if reference else {}
            if is_part:
                self._go_on_with_rest(access, detail.delivery, question, reason)
            else:
                self._take_as_there(access, detail.delivery, question, reason, reference)
            self._audit.record(access, DeliveryAction.FOUND_THERE, delivery_id, told)
        else:
            self._require_sure(question)
            self._make_again(access, detail.delivery, question, reason)
            self._audit.record(access, DeliveryAction.NOT_THERE, delivery_id, told)
        return self._deliveries.get(access, delivery_id).delivery

    def _take_as_there(
        self,
        access: Access[OrganizationScope],
        delivery: Delivery,
        question: UnknownCall,
        reason: str,
        reference: str,
    ) -> None:
        """Write the step as done in a pass that begins and ends here, as after an answer."""
        kind, now, work = question.step.kind, self._clock.now(), access.work
        text = _("{name} decided that “{step}” has arrived: {reason}").format(
            name=access.actor.name, step=kind.label, reason=reason
        )
        self._deliveries.put_back(access, delivery, DeliveryCause.FOUND_THERE, text)
        records = PassRecords(self._clock, self._documents, self._timing, access.actor.name)
        running = records.claim(work, delivery.id, delivery.pass_number)
        if not isinstance(running, RunningPass) or running.next_step is not kind:
            raise _gone_on()
        call, summary = call_of(delivery.method, kind), _("A person has found it there.")
        after = records.done(
            work,
            running,
            kind,
            remote_id=reference,
            summary=summary,
            delivery=call.columns(reference) if reference else None,
        )
        self._settle(access, question, AttemptState.SUCCEEDED, text, now, reference)
        if isinstance(after, RunningPass):
            records.release(work, after)

    def _go_on_with_rest(
        self,
        access: Access[OrganizationScope],
        delivery: Delivery,
        question: UnknownCall,
        reason: str,
    ) -> None:
        """Let the call count as a part of its step; the target is asked what it lacks.

        Not while it may still arrive: what is on its way would be sent beside it.
        """
        self._require_sure(question)
        kind = question.step.kind
        text = _("{name} decided that “{step}” has arrived: {reason}").format(
            name=access.actor.name, step=kind.label, reason=reason
        )
        self._settle(access, question, AttemptState.PART, text, self._clock.now())
        fresh = {"status": StepStatus.PENDING, "tries": 0, "finished_at": None}
        LedgerRepository(access.connection).update_step(access.scope, delivery.id, kind, fresh)
        self._deliveries.put_back(access, delivery, DeliveryCause.FOUND_THERE, text)

    def _make_again(
        self,
        access: Access[OrganizationScope],
        delivery: Delivery,
        question: UnknownCall,
        reason: str,
    ) -> None:
        """Let the call count as failed and try again; what can be asked is asked before."""
        kind, ledger = question.step.kind, LedgerRepository(access.connection)
        text = _("{name} decided that “{step}” has not arrived: {reason}").format(
            name=access.actor.name, step=kind.label, reason=reason
        )
        self._settle(access, question, AttemptState.FAILED, text, self._clock.now())
        look_up = call_of(delivery.method, kind).look_up
        for step in ledger.steps(access.scope, delivery.id):
            if look_up is not None and step.kind is look_up.kind and step.status is StepStatus.DONE:
                fresh = {"status": StepStatus.PENDING, "tries": 0, "finished_at": None}
                ledger.update_step(access.scope, delivery.id, step.kind, fresh)
        self._deliveries.try_again(access, delivery, text)

    def _require_sure(self, question: UnknownCall) -> None:
        if self._clock.now() < question.sure_at:
            raise Conflict(
                _(
                    "What was sent may still arrive until {time}. Look once more after that, then"
                    " decide."
                ).format(time=moment_text(question.sure_at)),
                code="may_still_arrive",
            )

    def _settle(
        self,
        access: Access[OrganizationScope],
        question: UnknownCall,
        state: AttemptState,
        note: str,
        now: datetime,
        reference: str = "",
    ) -> None:
        """Write what became of the lost calls: of those that may have arrived, the last one did."""
        ledger = LedgerRepository(access.connection)
        lost = {each.id for each in question.attempts}
        if state is AttemptState.SUCCEEDED:
            lost = {question.attempts[-1].id}
        for attempt_id in lost:
            # Read once more: who may not see payloads has none in the question.
            attempt = ledger.attempt(_SYSTEM, attempt_id)
            if attempt is None:
                raise _gone_on()
            settled = changed(attempt, state, now, note)
            if reference:
                response = {**(attempt.response or {}), "remote_id": reference}
                settled = replace(settled, response=response)
            if not ledger.settle_attempt(_SYSTEM, settled, expected=AttemptState.UNKNOWN):
                raise _gone_on()


def checked_word(reason: str) -> str:
    """Return how a person knows what was found; raises InvalidInput."""
    return checked_reason(reason, _("Say how you know, in 1 to 500 characters."))


def _gone_on() -> Conflict:
    return Conflict(_("The delivery has gone on meanwhile. Look at it again."), code="changed")
