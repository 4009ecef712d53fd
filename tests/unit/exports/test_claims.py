"""One invoice is delivered once, however many documents it came as."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.exports.model import ExportMethod
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR, DocumentSide, invoice
from tests.support.patience import PATIENCE
from tests.unit.exports.test_deliveries import ready

pytestmark = pytest.mark.on_each_database

__all__ = ["ready"]


def _copies(side: DocumentSide, number: str = "RE-9") -> tuple[str, str]:
    """Two copies of one invoice, of which nobody noticed anything when they came in.

    So it is when both came in at the same moment, or by the version before.
    """
    first = side.add_document("first.xml", invoice(number))
    second = side.add_document("second.xml", invoice(f"0{number[:2]}\u200b{number[2:]} "))
    with side.database.write() as work:
        work.connection.execute(text("DELETE FROM document_findings"))
        free = "UPDATE documents SET open_findings = 0, status = 'validated_pending_export'"
        work.connection.execute(text(f"{free} WHERE open_findings > 0"))
    return first, second


def _deliveries(side: DocumentSide, *document_ids: str) -> int:
    with side.database.read() as work:
        return sum(
            len(side.deliveries.of_document(Access(work, side.scope, OPERATOR), document_id))
            for document_id in document_ids
        )


def _export(side: DocumentSide, document_id: str, reason: str | None = None) -> None:
    with keeping_findings(side.database) as work:
        side.deliveries.export(
            Access(work, side.scope, OPERATOR), document_id, accept_findings=reason
        )


def test_two_copies_exported_at_the_same_moment_make_one_delivery(ready: DocumentSide) -> None:
    for number in ("RE-1", "RE-2", "RE-3", "RE-4"):
        copies, barrier = _copies(ready, number), Barrier(2)

        def export(document_id: str, barrier: Barrier = barrier) -> str | None:
            barrier.wait(PATIENCE)
            try:
                _export(ready, document_id)
            except DocumentHeld as error:
                return error.text
            return None

        with ThreadPoolExecutor(2) as pool:
            held = [text for text in pool.map(export, copies) if text]
        assert _deliveries(ready, *copies) == 1
        assert len(held) == 1
        assert "Nordwerk Werkzeuge GmbH has sent number" in held[0]


def test_what_is_held_by_a_claim_keeps_its_finding_and_goes_after_a_decision(
    ready: DocumentSide,
) -> None:
    first, second = _copies(ready)
    _export(ready, first)
    # A reason that was given before anybody could see the finding decides nothing.
    with pytest.raises(DocumentHeld):
        _export(ready, second, "all is well")
    with ready.database.read() as work:
        (finding,) = ready.documents.findings(work.within(ready.scope), second)
    assert (finding.is_open, finding.parameters["document"]) == (True, first)
    assert ready.status(second) == "ready_for_validation"
    _export(ready, second, "the first one is another delivery's invoice")
    assert _deliveries(ready, first, second) == 2
    third = ready.add_document("third.xml", invoice("RE-9  "))
    with ready.database.read() as work:
        named = {
            f.parameters["document"]
            for f in ready.documents.findings(work.within(ready.scope), third)
        }
    assert named == {first, second}


def test_a_claim_counts_for_every_configuration_and_generation(ready: DocumentSide) -> None:
    first, second = _copies(ready)
    delivery = ready.export(first)
    alternate = ready.configure(
        delivery.connection_id, ExportMethod.INFOR_IDM, title="Alternate", activate=False
    )
    with pytest.raises(DocumentHeld), keeping_findings(ready.database) as work:
        ready.deliveries.export(Access(work, ready.scope, OPERATOR), second, alternate.id)
    with keeping_findings(ready.database) as work:
        ready.deliveries.export(Access(work, ready.scope, OPERATOR), first, alternate.id)
    assert _deliveries(ready, first, second) == 2
