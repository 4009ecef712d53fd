"""What holds a delivery that is due: asked in the transaction that begins its pass.

A held delivery waits without a date. Whoever frees what holds it makes it due again.
"""

from __future__ import annotations

from typing import Final

from ionport.core.i18n import _
from ionport.documents.service import DocumentService
from ionport.exports.attempts import Problem
from ionport.exports.holds import refused_proof
from ionport.exports.records import Held
from ionport.store import Work

DOCUMENT_HELD: Final = "document_held"


def what_holds(work: Work, held: Held, documents: DocumentService) -> Problem | None:
    """Return why the delivery must not go on now; None when nothing holds it."""
    if documents.is_held(work, held.scope, held.delivery.document_id):
        return Problem(
            DOCUMENT_HELD,
            _("Findings hold the document."),
            _("Open the document, look at its findings and decide on them."),
        )
    return refused_proof(work, held.scope, held.delivery)
