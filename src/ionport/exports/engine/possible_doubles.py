"""Two items of one delivery at Infor: reported with both ids, and the document is held.

It cannot be prevented in every case (docs/decisions/0019-who-may-send-and-when-another-may.md, what
remains open); what is noticed of it is acted on: a look-up that finds two, and an answer that comes
after another worker took over.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ionport.core.i18n import _
from ionport.core.telemetry import COUNTERS
from ionport.documents.service import DocumentService
from ionport.exports.destinations import call_of
from ionport.exports.destinations.port import Answer, AnyCall, AnyLookUp, OtherItem
from ionport.exports.engine.passes.model import SYSTEM, RunningPass
from ionport.exports.ledger.attempts import Problem, changed
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import DOCUMENT_HELD, Attempt, AttemptState
from ionport.store import OrganizationScope, ScopedWork, Work

_logger = logging.getLogger(__name__)
TWO_ITEMS = "two_items"
LATE_ANSWER = "late_answer"
ITEM_AT_TARGET = "item_at_target"


def hold_document(
    work: Work,
    documents: DocumentService,
    running: RunningPass,
    call: AnyCall,
    ids: Sequence[str],
    code: str = TWO_ITEMS,
) -> Problem:
    """Hold the document of a delivery that may be at Infor twice; returns what holds it."""
    first, second = ids[0], ids[-1]
    _logger.error(
        "delivery %s may be at Infor twice (%s): %s and %s",
        running.delivery.id,
        code,
        first,
        second,
    )
    COUNTERS.add(f"deliveries_{code}")
    documents.add_finding(
        work.within(running.scope),
        running.delivery.document_id,
        code,
        {
            "step": str(call.kind),
            "first_id": first,
            "second_id": second,
            "delivery_id": running.delivery.id,
        },
    )
    look_up = call.look_up
    return Problem(DOCUMENT_HELD, *(look_up.two_items_text(first, second) if look_up else ("", "")))


def hold_same_invoice(
    work: Work,
    documents: DocumentService,
    running: RunningPass,
    look_up: AnyLookUp,
    others: Sequence[OtherItem],
) -> Problem | None:
    """Hold a document whose invoice is at the target already, by no delivery of ours.

    Not held: items of the same document that an earlier generation made, or another configuration
    where the target books nothing, and items that a person has decided on, by the item's id or by
    the other document. A decision about two documents counts from both sides: of two that are under
    way the later one may arrive first.
    """
    access, own_id = work.within(running.scope), running.delivery.document_id
    own_configuration = running.delivery.configuration_id
    decided = _named_in_decisions(access, documents, own_id)
    deliveries = DeliveryRepository(work.connection)
    for other in others:
        made_by = deliveries.by_correlation_id(running.scope, other.correlation_id)
        document_id = made_by.document_id if made_by else ""
        is_own = document_id == own_id and not (
            look_up.is_booking and made_by and made_by.configuration_id != own_configuration
        )
        if is_own or ({other.pid, document_id} - {own_id}) & decided:
            continue
        if document_id and own_id in _named_in_decisions(access, documents, document_id):
            continue
        documents.add_finding(
            access,
            own_id,
            ITEM_AT_TARGET,
            {
                "step": str(look_up.kind),
                "item_id": other.pid,
                "delivery_id": running.delivery.id,
                "document_id": document_id,
            },
        )
        return Problem(DOCUMENT_HELD, *look_up.same_invoice_text(other.pid))
    return None


def _named_in_decisions(
    access: ScopedWork[OrganizationScope], documents: DocumentService, document_id: str
) -> set[str]:
    """Return the documents and items that decided findings of a document name."""
    return {
        value
        for finding in documents.review.list(access, document_id)
        if finding.decision is not None
        for value in finding.parameters.values()
    }


def other_ids(work: Work, running: RunningPass, attempt: Attempt, remote_id: str) -> list[str]:
    """Return the ids from other attempts of the step, such as that of a late answer."""
    found = []
    for other in LedgerRepository(work.connection).attempts(SYSTEM, running.delivery.id):
        if other.step is not attempt.step or other.id == attempt.id:
            continue
        brought = str((other.response or {}).get("remote_id", ""))
        if other.state is AttemptState.SUCCEEDED and brought and brought != remote_id:
            found.append(brought)
    return found


def record_late_answer(
    work: Work,
    documents: DocumentService,
    running: RunningPass,
    settled: Attempt,
    answer: Answer | None,
) -> None:
    """Write an answer that came after the pass was taken over, so that no answer is lost."""
    # Waits for a pass that ends at this moment: one of the two sees the other's id.
    DeliveryRepository(work.connection).lock_document(SYSTEM, running.delivery.document_id)
    ledger = LedgerRepository(work.connection)
    known = ledger.attempt(SYSTEM, settled.id)
    if known is None:
        return
    state = settled.state if answer is not None else known.state
    note = _("A late answer, after another worker had taken over.")
    late = changed(replace(settled, history=known.history), state, _moment(settled), note)
    ledger.settle_attempt(SYSTEM, late, expected=known.state)
    COUNTERS.add("late_answers")
    _logger.error("a late answer of attempt %s, after another worker took over", settled.id)
    if answer is None:
        return
    delivery = DeliveryRepository(work.connection).get(SYSTEM, running.delivery.id)
    documents.add_note(
        work.within(running.scope),
        running.delivery.document_id,
        _("A late answer of Infor for the export through “{title}”: {id}.").format(
            title=running.delivery.configuration_title, id=answer.remote_id
        ),
    )
    call = call_of(running.delivery.method, settled.step)
    known_id = call.remote_id(delivery) if delivery is not None else ""
    if call.look_up is not None and known_id and known_id != answer.remote_id:
        ids = (known_id, answer.remote_id)
        hold_document(work, documents, running, call, ids, LATE_ANSWER)


def _moment(attempt: Attempt) -> datetime:
    return attempt.answered_at or attempt.sent_at
