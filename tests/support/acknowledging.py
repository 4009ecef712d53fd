"""Acknowledgements as the sandbox's flows write them."""

from __future__ import annotations

from datetime import UTC, datetime

from ionport.core.ids import new_uuid
from ionport.sandbox.messaging.flows.acknowledge_bod import (
    InvoiceDocument,
    Verdict,
    acknowledge,
    confirm,
)
from ionport.sandbox.messaging.flows.model import Booked
from tests.support.ion import bod

POSTED = Verdict(booked=Booked("1-1001", "30000001", is_posted=True))
ACCEPTED = Verdict(booked=Booked("1-1001", text="CUAM must be entered"))
REJECTED = Verdict("Supplier 99 does not exist", "WSU0103")
_AT = datetime(2026, 3, 5, 10, 11, 12, tzinfo=UTC)


def acknowledgement(
    correlation_id: str = "", verdict: Verdict = POSTED, number: str = "1"
) -> bytes:
    """Return an Acknowledge.SupplierInvoice, by default for nobody's document."""
    document = InvoiceDocument.read(
        bod(number, correlation_id or new_uuid()), "Sync.CaptureDocument"
    )
    return acknowledge(document, verdict, tenant_id="ACME_TST", at=_AT)


def confirmation(message_id: str) -> bytes:
    """Return a ConfirmBOD for a message."""
    return confirm(message_id, "Sync.CaptureDocument", "It cannot be read.", _AT)


_FAILURE = """<BODFailureMessage><ErrorProcessMessage>
<Description>The supplier is not known.</Description></ErrorProcessMessage></BODFailureMessage>"""
_SUCCESS = "<BODSuccessMessage/>"


def confirmation_of_bod(bod_name: str, *, is_success: bool = False) -> bytes:
    """Return a ConfirmBOD that names nothing but the BODID of what was sent."""
    result = _SUCCESS if is_success else _FAILURE
    return f"""<ConfirmBOD xmlns="http://schema.infor.com/InforOAGIS/2"><ApplicationArea>
<BODID>infor-nid:infor:::confirm:?ConfirmBOD&amp;verb=Confirm</BODID></ApplicationArea><DataArea>
<Confirm><OriginalApplicationArea><BODID>{bod_name}?CaptureDocument&amp;verb=Sync</BODID>
</OriginalApplicationArea></Confirm><BOD>{result}</BOD></DataArea></ConfirmBOD>""".encode()
