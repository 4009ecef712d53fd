"""The step that waits for a program: only the program's confirmation or refusal ends it."""

from __future__ import annotations

from dataclasses import replace

from ionport.core.clock import Clock
from ionport.core.i18n import _
from ionport.exports.engine.passes.model import SYSTEM, RunningPass
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.fetching.model import REFUSED, waiting
from ionport.exports.ledger.attempts import Problem, changed
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import AttemptState, Outcome, StepKind
from ionport.store import Work


def run_fetch(
    work: Work, clock: Clock, records: PassRecords, running: RunningPass
) -> RunningPass | Outcome:
    """End the step by a program's confirmation or refusal; else let the delivery wait for one."""
    # A program that confirms at this moment is waited for: otherwise its answer would be lost.
    DeliveryRepository(work.connection).lock_document(SYSTEM, running.delivery.document_id)
    ledger, kind = LedgerRepository(work.connection), StepKind.FETCH
    last = ledger.last_attempt(SYSTEM, running.delivery.id, kind)
    if last is not None and last.state is AttemptState.SUCCEEDED:
        reference = str((last.response or {}).get("remote_id", ""))
        text = _("Fetched by {name}.").format(name=last.worker_id)
        return records.done(work, running, kind, remote_id=reference, summary=text)
    if last is not None and last.state is AttemptState.UNKNOWN and last.error_code == REFUSED:
        told = _("{name} refused the document: {reason}").format(
            name=last.worker_id, reason=last.error_text
        )
        remedy = _("Mend what it names; then choose Retry, and the document waits again.")
        # A refusal counts once: after a retry the document waits to be fetched anew.
        failed = replace(changed(last, AttemptState.FAILED, clock.now()), transient=False)
        ledger.settle_attempt(SYSTEM, failed, expected=AttemptState.UNKNOWN)
        return records.fail(work, running, kind, Problem(REFUSED, told, remedy))
    return records.hold(work, running, waiting(), needs_person=False)
