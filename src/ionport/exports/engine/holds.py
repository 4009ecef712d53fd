"""What holds a delivery that is due: asked in the transaction that begins its pass.

A held delivery waits without a date. Whoever frees what holds it makes it due again.
"""

from __future__ import annotations

from ionport.core.i18n import _
from ionport.documents.service import DocumentService
from ionport.exports.configurations.proof_decisions import refused_proof
from ionport.exports.engine.pass_records import RunningPass
from ionport.exports.ledger.attempts import Problem
from ionport.exports.model import DOCUMENT_HELD
from ionport.store import Work


def what_holds(work: Work, running: RunningPass, documents: DocumentService) -> Problem | None:
    """Return why the delivery must not go on now; None when nothing holds it.

    A decision that is made at this moment is waited for: it frees what is held by then, and
    nothing may be held by findings that are decided.
    """
    if _is_held(work, running, documents):
        return Problem(
            DOCUMENT_HELD,
            _("Findings hold the document."),
            _("Open the document, look at its findings and decide on them."),
        )
    return refused_proof(work, running.scope, running.delivery)


def _is_held(work: Work, running: RunningPass, documents: DocumentService) -> bool:
    document_id = running.delivery.document_id
    if not documents.is_held(work, running.scope, document_id):
        return False
    documents.lock(work, running.scope, document_id)
    return documents.is_held(work, running.scope, document_id)
