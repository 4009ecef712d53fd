"""The message that ION gets: Sync.CaptureDocument with the fields of the invoice."""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree

from invoice_exporter.invoices import Invoice

DOCUMENT_NAME = "Sync.CaptureDocument"
_NAMESPACE = "http://schema.infor.com/InforOAGIS/2"


def capture_document(
    invoice: Invoice, entity: str, logical_id: str, accounting_entity: str, created: datetime
) -> bytes:
    """Return the document that says what was archived."""
    root = ElementTree.Element("SyncCaptureDocument", xmlns=_NAMESPACE, releaseID="9.2")
    area = ElementTree.SubElement(root, "ApplicationArea")
    sender = ElementTree.SubElement(area, "Sender")
    _add(sender, "LogicalID", logical_id)
    _add(sender, "ConfirmationCode", "OnError")
    _add(area, "CreationDateTime", created.isoformat(timespec="seconds").replace("+00:00", "Z"))
    data = ElementTree.SubElement(root, "DataArea")
    sync = ElementTree.SubElement(data, "Sync")
    _add(sync, "AccountingEntityID", accounting_entity)
    criteria = ElementTree.SubElement(sync, "ActionCriteria")
    ElementTree.SubElement(criteria, "ActionExpression", actionCode="Add")
    document = ElementTree.SubElement(data, "CaptureDocument")
    _add(ElementTree.SubElement(document, "DocumentID"), "ID", invoice.number)
    _add(ElementTree.SubElement(document, "AlternateDocumentID"), "ID", invoice.correlation_id)
    _add(document, "DocumentType", entity)
    for name, value in _fields(invoice).items():
        field = ElementTree.SubElement(document, "DocumentField")
        _add(field, "Name", name)
        _add(field, "Value", value)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _fields(invoice: Invoice) -> dict[str, str]:
    return {
        "InvoiceNumber": invoice.number,
        "InvoiceDate": invoice.date.isoformat(),
        "SupplierID": invoice.supplier,
        "Currency": invoice.currency,
        "TotalAmount": f"{invoice.total:.2f}",
    }


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text
