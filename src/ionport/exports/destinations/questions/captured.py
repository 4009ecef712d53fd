"""What the CaptureDocument that was published says of its invoice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from ionport.core import xml

# An accounting entity of M3 is company and division: docs/reference/m3.md#supplier-invoices. Of LN
# it is the company.
_ENTITY: Final = re.compile(r"(\d{1,4})(?:_([A-Z0-9]{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CapturedInvoice:
    """By what an ERP is asked for the invoice; empty where the document does not say it."""

    supplier: str
    number: str
    company: str
    division: str


def read_invoice(content: bytes) -> CapturedInvoice:
    """Read supplier, number and place of a CaptureDocument.

    Its fields are those that the published mappings read:
    docs/reference/ion-messaging.md#synccapturedocument.
    """
    root = xml.parse(content)
    fields: dict[str, str] = {}
    for element in _named(root, "DocumentField"):
        name, value = _child(element, "Name"), _child(element, "Value")
        fields.setdefault(name, value)
    entity = next((_text(each) for each in _named(root, "AccountingEntityID")), "")
    place = _ENTITY.fullmatch(entity)
    document_id = next((_child(each, "ID") for each in _named(root, "DocumentID")), "")
    return CapturedInvoice(
        supplier=fields.get("SupplierID", ""),
        number=fields.get("InvoiceNumber") or document_id,
        company=str(int(place[1])) if place else "",
        division=(place[2] or "") if place else "",
    )


def _named(root: etree._Element, name: str) -> list[etree._Element]:
    return [
        each
        for each in root.iter()
        if isinstance(each.tag, str) and etree.QName(each).localname == name
    ]


def _child(element: etree._Element, name: str) -> str:
    return next((_text(each) for each in _named(element, name)), "")


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
