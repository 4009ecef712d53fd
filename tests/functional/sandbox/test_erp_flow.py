"""A document flow books invoices in the sandbox's M3 or LN, and tells what became of them.

Source: docs/reference/ion-messaging.md#document-flows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import pytest

from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.ln.inspection import LnInspection
from ionport.sandbox.m3.inspection import M3Inspection, SupplierInvoice
from ionport.sandbox.messaging.flows.model import (
    Acknowledgement,
    AckState,
    DocumentFlow,
    Erp,
    FlowDraft,
    FlowTarget,
    Rule,
)
from tests.conftest import ALL_DATABASES
from tests.support.infor_side import OPERATOR, SCOPE, InforSide, infor_side_on
from tests.support.ion import add_point, bod, parameters, publish
from tests.support.sides import until

CORRELATION = "4f3c9d0e-0000-4000-8000-00000000000"
PROCESS = """<ProcessSupplierInvoice xmlns="http://schema.infor.com/InforOAGIS/2" releaseID="9.2">
<ApplicationArea><BODID>infor-nid:ACME_TST:001_AAA::P-1:?CaptureDocument&amp;verb=Sync</BODID>
</ApplicationArea><DataArea><Process><AccountingEntityID>001_AAA</AccountingEntityID></Process>
<SupplierInvoice type="INVOICE"><SupplierInvoiceHeader><DocumentID><ID>P-1</ID></DocumentID>
<DocumentDateTime>2026-03-05</DocumentDateTime><TotalAmount currencyID="EUR">119.00</TotalAmount>
<SupplierParty><PartyIDs><ID schemeName="SupplierNumber">20001</ID></PartyIDs></SupplierParty>
<Tax><ID>000</ID><Amount>19.00</Amount><BasisAmount>100.00</BasisAmount>
<Calculation><RateNumeric>0.19</RateNumeric></Calculation></Tax></SupplierInvoiceHeader>
<SupplierInvoiceLine><Quantity unitCode="PCS">5</Quantity><ExtendedAmount>100.00</ExtendedAmount>
<PurchaseOrderReference><LineNumber>10</LineNumber><DocumentID><ID>4500001</ID></DocumentID>
</PurchaseOrderReference></SupplierInvoiceLine></SupplierInvoice></DataArea>
</ProcessSupplierInvoice>"""


class World:
    """An Infor side whose flows run."""

    client: httpx2.Client

    def __init__(self, side: InforSide) -> None:
        self.side = side
        self.credentials = side.credentials()

    def answer(self, document: bytes, **changes: Any) -> Acknowledgement:
        """Publish a document and return what its flow says when it has been decided."""
        values = parameters(**changes)
        assert publish(self.client, values, document).status_code == 201
        waiting = AckState.WAITING
        assert until(lambda: bool(acks := self.acks()) and acks[0].state is not waiting, 20.0)
        return self.acks()[0]

    def acks(self) -> Sequence[Acknowledgement]:
        with self.side.database.read() as work:
            access = Access(work, SCOPE, OPERATOR)
            flows = self.side.services.ion.flows
            return flows.list_acknowledgements(access, PageRequest()).items

    def flows(self) -> Sequence[DocumentFlow]:
        with self.side.database.read() as work:
            return self.side.services.ion.flows.list_flows(Access(work, SCOPE, OPERATOR))

    def add_flow(self, document_name: str, erp: Erp, **fields: Any) -> None:
        draft = FlowDraft(erp.value, document_name, Rule(erp=erp), FlowTarget(), **fields)
        with self.side.database.write() as work:
            self.side.services.ion.flows.create_flow(Access(work, SCOPE, OPERATOR), draft)

    def m3(self, key: str) -> SupplierInvoice:
        with self.side.database.read() as work:
            return M3Inspection().get_invoice(Access(work, SCOPE, OPERATOR), key)

    def bod(self, ack: Acknowledgement) -> str:
        with self.side.database.read() as work:
            access = Access(work, SCOPE, OPERATOR)
            return (self.side.services.ion.flows.bod(access, ack.id) or b"").decode()


@pytest.fixture(scope="module", params=ALL_DATABASES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    for side in infor_side_on(request.param, tmp_path_factory.mktemp("side")):
        yield World(side)


@pytest.fixture
def world(served: World) -> Iterator[World]:
    side = served.side
    with (
        side.services.flow_runner.running(),
        side.client(side.log_in(served.credentials)) as served.client,
    ):
        with side.database.write() as work:
            access = Access(work, SCOPE, OPERATOR)
            for flow in side.services.ion.flows.list_flows(access):
                side.services.ion.flows.delete_flow(access, flow.id)
        yield served


def invoice(number: str, supplier: str = "20001", **fields: str) -> bytes:
    told = {"SupplierID": supplier, "InvoiceDate": "2026-03-05", "TotalAmount": "119.00"}
    told |= {"Currency": "EUR", "VATAmount": "19.00", "VatPercent": "19"}
    return bod(number, f"{CORRELATION}{number[-1]}", **told, **fields)


@pytest.mark.on_each_database
def test_an_invoice_is_posted_in_m3_without_anybodys_doing(world: World) -> None:
    ack = world.answer(invoice("F-1"))
    assert (ack.state, ack.outcome) == (AckState.KEPT, "Accepted")
    assert ack.booked is not None
    assert ack.booked.is_posted
    head = world.m3(ack.booked.number).head
    assert (head["SUNO"], head["SINO"], head["CUAM"]) == ("20001", "F-1", "119.00")
    assert (head["SUPA"], head["VONO"]) == ("90", ack.booked.voucher)
    assert head["CORI"] == f"{CORRELATION}1"
    told = world.bod(ack)
    assert "<Status><Code>Posted</Code></Status>" in told
    assert f'<NameValue name="VONO">{ack.booked.voucher}</NameValue>' in told
    (flow,) = world.flows()
    assert (flow.rule.erp, flow.created_by) == (Erp.M3, "sandbox")


@pytest.mark.on_each_database
def test_a_second_invoice_of_the_number_and_an_unknown_supplier_are_rejected(world: World) -> None:
    assert world.answer(invoice("F-2")).outcome == "Accepted"
    again = world.answer(invoice("F-2"))
    assert again.outcome == "Rejected"
    assert again.reason.startswith("Supplier invoice number F-2 already exists")
    assert "<ReasonCode>WSINO04</ReasonCode>" in world.bod(again)
    unknown = world.answer(invoice("F-3", supplier="99999"))
    assert (unknown.outcome, unknown.reason) == ("Rejected", "Supplier 99999 does not exist")
    # Nothing of it stays: the number is free for the supplier that exists.
    assert world.answer(invoice("F-3")).outcome == "Accepted"


def test_an_invoice_with_errors_is_accepted_and_not_posted(world: World) -> None:
    ack = world.answer(invoice("F-4", PurchaseOrder="4711"))
    assert ack.outcome == "Accepted"
    assert ack.booked is not None
    assert not ack.booked.is_posted
    assert "Purchase order 4711 does not exist" in ack.booked.text
    assert world.m3(ack.booked.number).head["SUPA"] == "15"
    assert "<Status><Code>Accepted</Code></Status>" in world.bod(ack)


def test_a_supplier_invoice_noun_is_booked_with_its_lines(world: World) -> None:
    ack = world.answer(PROCESS.encode(), documentName="Process.SupplierInvoice")
    assert ack.booked is not None, ack.reason
    lines = world.m3(ack.booked.number).lines
    assert [line["RDTP"] for line in lines] == ["3", "1"]
    assert (lines[1]["PUNO"], lines[1]["PNLI"], lines[1]["IVQA"]) == ("4500001", "10", "5")


def test_ln_takes_an_invoice_where_the_flow_says_so(world: World) -> None:
    world.add_flow("Sync.CaptureDocument", Erp.LN)
    ack = world.answer(invoice("F-5", supplier="SUP000001"))
    assert ack.booked is not None, ack.reason
    with world.side.database.read() as work:
        found = LnInspection().get_invoice(Access(work, SCOPE, OPERATOR), ack.booked.number)
    assert found.draft.header["InvoiceNumberSupplier"] == "F-5"
    assert found.status.value == "Approved"
    unknown = world.answer(invoice("F-6", supplier="NOBODY"))
    assert (unknown.outcome, unknown.reason) == ("Rejected", "Supplier NOBODY does not exist")


def test_what_is_no_invoice_is_passed_over_and_what_cannot_be_read_confirmed(world: World) -> None:
    order = bod("O-1").replace(b"M3_SupplierInvoice", b"OrderConfirmation")
    assert world.answer(order).state is AckState.PASSED_OVER
    unread = world.answer(b"<SyncCaptureDocument>", messageId="message-1")
    assert unread.outcome == "ConfirmBOD"
    assert "<ReferenceID>message-1</ReferenceID>" in world.bod(unread)


def test_a_strict_tenant_gets_no_flow_by_itself(world: World) -> None:
    with world.side.database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        world.side.services.ion.points.set_strict(access, True)
    try:
        add_point(world.side, world.credentials["ci"], "strict")
        sent = parameters(fromLogicalId="lid://infor.ims.strict")
        assert publish(world.client, sent, invoice("F-7")).status_code == 201
        assert world.flows() == []
    finally:
        with world.side.database.write() as work:
            access = Access(work, SCOPE, OPERATOR)
            world.side.services.ion.points.set_strict(access, False)
