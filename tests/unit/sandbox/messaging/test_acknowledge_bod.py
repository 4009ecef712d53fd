from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ionport.core import xml
from ionport.core.errors import InvalidInput
from ionport.sandbox.messaging.flows.acknowledge_bod import (
    InvoiceDocument,
    Verdict,
    acknowledge,
    response_bodid,
)
from ionport.sandbox.messaging.flows.model import Comparison, Rejects, Rule
from tests.support.ion import bod

NS = "{http://schema.infor.com/InforOAGIS/2}"
AT = datetime(2026, 3, 5, 10, 11, 12, 345678, tzinfo=UTC)

# What the published Sync mapping makes has no namespace at all
# (docs/reference/ion-messaging.md#synccapturedocument).
SUPPLIER_INVOICE = b"""<ProcessSupplierInvoice releaseID="9.2">
<ApplicationArea><Sender><LogicalID lid="x">lid://infor.ims.docbits</LogicalID></Sender>
<BODID>infor-nid:ACME_TST:001_100::471102:?CaptureDocument&amp;verb=Sync</BODID></ApplicationArea>
<DataArea><Process><AccountingEntityID>001_100</AccountingEntityID></Process><SupplierInvoice>
<SupplierInvoiceHeader><DocumentID><ID>471102</ID></DocumentID>
<AlternateDocumentID><ID schemeName="CorrelationID">c-1</ID></AlternateDocumentID>
<TotalAmount currencyID="EUR">129.70</TotalAmount></SupplierInvoiceHeader></SupplierInvoice>
</DataArea></ProcessSupplierInvoice>"""


def read(content: bytes, name: str = "Sync.CaptureDocument") -> InvoiceDocument:
    return InvoiceDocument.read(content, name)


def test_a_capture_document_is_read_by_its_fields() -> None:
    document = read(bod("4711", "c-1", SupplierID="SUP001"))
    assert document.number == "4711"
    assert document.correlation_id == "c-1"
    assert document.document_type == "M3_SupplierInvoice"
    assert document.value("SupplierID") == "SUP001"
    assert document.value("AccountingEntityID") == "001_100"
    assert document.value("Colour") is None


def test_a_supplier_invoice_is_read_by_its_elements() -> None:
    document = read(SUPPLIER_INVOICE, "Process.SupplierInvoice")
    assert (document.number, document.correlation_id) == ("471102", "c-1")
    assert document.value("TotalAmount") == "129.70"


def test_another_document_is_refused() -> None:
    for content in (b"<Other/>", SUPPLIER_INVOICE, b"no xml"):
        with pytest.raises(InvalidInput):
            read(content)


def test_the_response_has_the_requests_bodid_with_another_verb() -> None:
    assert response_bodid(read(bod("4711")), "ACME_TST") == (
        "infor-nid:ACME_TST:001_100::4711:?CaptureDocument&verb=Acknowledge&sequence=1"
    )


def test_a_request_without_a_bodid_gets_one_made_of_its_parts() -> None:
    content = bod("4711").replace(b"verb=Sync", b"")
    assert response_bodid(read(content), "ACME_TST") == (
        "infor-nid:ACME_TST:001_100::4711:?SupplierInvoice&verb=Acknowledge&sequence=1"
    )


def test_an_acknowledgement_carries_the_original_area_in_the_bod_namespace() -> None:
    document = read(SUPPLIER_INVOICE, "Process.SupplierInvoice")
    made = acknowledge(document, Verdict(), tenant_id="ACME_TST", at=AT)
    root = xml.parse(made)
    assert {element.tag.partition("}")[0] + "}" for element in root.iter()} == {NS}
    assert root.findtext(f"{NS}ApplicationArea/{NS}CreationDateTime") == "2026-03-05T10:11:12.345Z"
    original = root.find(f"{NS}DataArea/{NS}Acknowledge/{NS}OriginalApplicationArea")
    assert original is not None
    sender = original.find(f"{NS}Sender/{NS}LogicalID")
    assert sender is not None
    assert (sender.text, sender.get("lid")) == ("lid://infor.ims.docbits", "x")
    assert root.find(f".//{NS}ChangeStatus") is None


@pytest.mark.parametrize(
    ("rule", "found", "rejected"),
    [
        (Rule(Rejects.NEVER, "A", Comparison.EQUALS, "x"), "x", False),
        (Rule(Rejects.ALWAYS), None, True),
        (Rule(Rejects.WHEN, "A", Comparison.EQUALS, "x"), "x", True),
        (Rule(Rejects.WHEN, "A", Comparison.EQUALS, "x"), "xy", False),
        (Rule(Rejects.WHEN, "A", Comparison.EQUALS, ""), None, False),
        (Rule(Rejects.WHEN, "A", Comparison.CONTAINS, "x"), "axb", True),
        (Rule(Rejects.WHEN, "A", Comparison.CONTAINS, "x"), None, False),
        (Rule(Rejects.WHEN, "A", Comparison.IS_MISSING), None, True),
        (Rule(Rejects.WHEN, "A", Comparison.IS_MISSING), "", True),
        (Rule(Rejects.WHEN, "A", Comparison.IS_MISSING), "x", False),
    ],
)
def test_a_rule_decides(rule: Rule, found: str | None, rejected: bool) -> None:
    assert rule.rejected(found) is rejected
