"""The reasons to hold a due delivery, checked in the transaction that begins its pass.

A held delivery waits without a date; what ends the reason makes it due again.
"""

from __future__ import annotations

from ionport.connections.pauses import pause_of
from ionport.core.i18n import _
from ionport.documents.review.life_cycle import is_held
from ionport.documents.service import DocumentService
from ionport.exports.configurations.pauses import problem_of
from ionport.exports.configurations.proof_decisions import refused_proof
from ionport.exports.engine.lost_calls import has_lost_call
from ionport.exports.engine.passes.model import RunningPass
from ionport.exports.ledger.attempts import Problem
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.model import DOCUMENT_HELD
from ionport.store import Work


def what_holds(work: Work, running: RunningPass, documents: DocumentService) -> Problem | None:
    """Return why the delivery must not go on now; None when nothing holds it.

    A decision that is made at this moment is waited for: it frees the held deliveries, and decided
    findings must hold none. A call without an answer is looked up all the same: no further call is
    sent, because each checks `document_problem` first. Over a connection that a person has paused
    nothing is asked either. Of most deliveries nothing holds, which one statement tells.
    """
    if PassRepository(work.connection).is_held(running.scope, running.delivery):
        if paused := connection_problem(work, running):
            return paused
        problem = document_problem(work, running, documents)
        if problem is not None and not has_lost_call(work, running):
            return problem
    return refused_proof(work.within(running.scope), running.delivery)


def connection_problem(work: Work, running: RunningPass) -> Problem | None:
    """Return that a person has paused the delivery's connection, None where nobody has."""
    pause = pause_of(work.within(running.scope), running.delivery.connection_id)
    return None if pause is None else problem_of(pause)


def document_problem(
    work: Work, running: RunningPass, documents: DocumentService
) -> Problem | None:
    """Return why the document takes part in no delivery, None when it does."""
    access = work.within(running.scope)
    document_id = running.delivery.document_id
    if not documents.is_held(access, document_id):
        return None
    locked = documents.lock(access, document_id)
    if not is_held(locked.status, locked.open_findings):
        return None
    if locked.open_findings:
        return Problem(
            DOCUMENT_HELD,
            _("Findings hold the document."),
            _("Open the document, look at its findings and decide on them."),
        )
    return Problem(
        DOCUMENT_HELD,
        _("The document takes part in no export: {status}.").format(status=locked.status.label),
        _("Open the document and decide on it."),
    )
