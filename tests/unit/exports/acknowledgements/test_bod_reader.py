from __future__ import annotations

import pytest
from lxml import etree

from ionport.core.errors import InvalidInput
from ionport.documents.model import ErpStatus
from ionport.exports.acknowledgements import bod_reader
from ionport.exports.acknowledgements.bod_reader import read_acknowledgement
from ionport.exports.acknowledgements.model import Kind
from tests.support.acknowledging import ACCEPTED, POSTED, REJECTED, acknowledgement, confirmation

CORRELATION = "4f3c9d0e-0000-4000-8000-000000000001"


def test_what_the_sandbox_says_is_read() -> None:
    told = read_acknowledgement(acknowledgement(CORRELATION, POSTED))
    assert (told.kind, told.status, told.ids) == (
        Kind.ACKNOWLEDGE,
        ErpStatus.POSTED,
        (CORRELATION,),
    )
    assert (told.number, told.voucher, told.reason) == ("1-1001", "30000001", "")
    assert told.bod_id.endswith("verb=Acknowledge&sequence=1")
    accepted = read_acknowledgement(acknowledgement(CORRELATION, ACCEPTED))
    assert (accepted.status, accepted.voucher) == (ErpStatus.ACCEPTED, "")
    rejected = read_acknowledgement(acknowledgement(CORRELATION, REJECTED))
    assert rejected.status is ErpStatus.REJECTED
    assert rejected.reason == "WSU0103: Supplier 99 does not exist"


def test_an_acknowledgement_that_rejects_a_part_rejects_and_names_why() -> None:
    accepted = acknowledgement(CORRELATION, ACCEPTED).decode()
    criteria = """<ResponseCriteria><ResponseExpression actionCode="{}">//SupplierInvoiceLine[{}]
</ResponseExpression><ChangeStatus><Reason>{}</Reason></ChangeStatus></ResponseCriteria>"""
    lines = [("Accepted", 1, ""), ("Rejected", 2, "Line 2: purchase order does not exist")]
    for order in (lines, lines[::-1]):
        parts = "".join(criteria.format(*line) for line in order)
        told = read_acknowledgement(
            accepted.replace("</Acknowledge>", f"{parts}</Acknowledge>").encode()
        )
        assert (told.status, told.reason) == (ErpStatus.REJECTED, lines[1][2])
    all_taken = "".join(criteria.format("Accepted", line, "") for line in (1, 2))
    told = read_acknowledgement(
        accepted.replace("</Acknowledge>", f"{all_taken}</Acknowledge>").encode()
    )
    assert (told.status, told.reason) == (ErpStatus.ACCEPTED, "")


def test_a_confirm_bod_names_the_message_and_the_reason() -> None:
    told = read_acknowledgement(confirmation(CORRELATION))
    assert (told.kind, told.status, told.ids) == (
        Kind.CONFIRM,
        ErpStatus.REJECTED,
        (CORRELATION,),
    )
    assert told.reason == "Sync.CaptureDocument: It cannot be read."


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no xml",
        b"<SyncCaptureDocument/>",
        b"<AcknowledgeSupplierInvoice/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><ConfirmBOD>&b;</ConfirmBOD>",
        acknowledgement(CORRELATION).replace(b"Accepted", b"Modified"),
        f"<ConfirmBOD><BODID>{CORRELATION}</BODID></ConfirmBOD>".encode(),
    ],
)
def test_what_says_nothing_of_an_invoice_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_acknowledgement(content)


def test_elements_that_are_nested_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    before = bod_reader._text

    def count(element: etree._Element) -> str:
        read.append(element)
        return before(element)

    monkeypatch.setattr(bod_reader, "_text", count)
    inner = f"<a>{CORRELATION}</a>" + "<a/>" * 1_000
    content = (
        '<AcknowledgeSupplierInvoice><ResponseExpression actionCode="Accepted"/>'
        f"{'<ReferenceID>' * 100}{inner}{'</ReferenceID>' * 100}</AcknowledgeSupplierInvoice>"
    )
    assert read_acknowledgement(content.encode()).ids == (CORRELATION,)
    assert len(read) < 3_000
