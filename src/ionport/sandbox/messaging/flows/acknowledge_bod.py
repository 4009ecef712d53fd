"""Reads an invoice document and writes the Acknowledge.SupplierInvoice for it.

No real instance is published (docs/reference/ion-messaging.md#what-is-not-published). Known are the
action code, the reason, the original ApplicationArea and the BODID of an answer
(docs/reference/ion-messaging.md#endpoints, ConfirmBOD); the rest of the shape is inferred from
OAGIS 9.2 and from what the vendor's receiver needs: the correlation id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from ionport.core import xml
from ionport.core.errors import InvalidInput
from ionport.sandbox.messaging.bod_shapes import NAMESPACE
from ionport.sandbox.messaging.flows.model import Rule

ACCEPTED = "Accepted"
REJECTED = "Rejected"
SENDER = "lid://infor.m3.m3"

_MAX_BODID = 255
_VERB = re.compile(r"verb=[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """What a flow reads of a document: CaptureDocument or SupplierInvoice."""

    root: etree._Element

    @classmethod
    def read(cls, content: bytes, document_name: str) -> InvoiceDocument:
        """Parse a document; raises InvalidInput or TooLarge when it is not the BOD it is called."""
        root = xml.parse(content)
        if etree.QName(root).localname != document_name.replace(".", "", 1):
            raise InvalidInput("The document is not what documentName says.")
        return cls(root)

    def value(self, name: str) -> str | None:
        """Return the DocumentField called `name`, or the first element that is called so."""
        for row in self._all("DocumentField"):
            if _child_text(row, "Name") == name:
                return _child_text(row, "Value")
        return next((_text(one) for one in self._all(name)), None)

    @property
    def document_type(self) -> str:
        return next((_text(one) for one in self._all("DocumentType")), "")

    @property
    def number(self) -> str:
        """The invoice number: of the field that the published mappings read, or of the id."""
        for one in self._all("DocumentID"):
            return self._field("InvoiceNumber") or _child_text(one, "ID")
        return self._field("InvoiceNumber")

    @property
    def correlation_id(self) -> str:
        """AlternateDocumentID: the mappings take the field, not the element.

        Source: docs/reference/ion-messaging.md#synccapturedocument.
        """
        if from_field := self._field("AlternateDocumentID"):
            return from_field
        return next((_child_text(one, "ID") for one in self._all("AlternateDocumentID")), "")

    def first(self, name: str) -> etree._Element | None:
        """Return the first element with that local name."""
        return next(self._all(name), None)

    def text_of(self, name: str) -> str:
        """Return the text of the first element with that local name; empty without one."""
        element = self.first(name)
        return "" if element is None else _text(element)

    def _field(self, name: str) -> str:
        for row in self._all("DocumentField"):
            if _child_text(row, "Name") == name:
                return _child_text(row, "Value")
        return ""

    def _all(self, name: str) -> Iterator[etree._Element]:
        return (one for one in self.root.iter() if etree.QName(one).localname == name)


def acknowledge(
    document: InvoiceDocument, rule: Rule, *, rejected: bool, tenant_id: str, at: datetime
) -> bytes:
    """Return the acknowledgement of a document: accepted, or rejected with the rule's reason."""
    nsmap: Any = {None: NAMESPACE}  # The stubs know no default namespace.
    root = etree.Element(_tag("AcknowledgeSupplierInvoice"), nsmap=nsmap)
    root.set("releaseID", "9.2")
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    area = _add(root, "ApplicationArea")
    sender = _add(area, "Sender")
    _add(sender, "LogicalID", SENDER)
    _add(sender, "ConfirmationCode", "OnError")
    _add(area, "CreationDateTime", moment)
    _add(area, "BODID", response_bodid(document, tenant_id))
    data = _add(root, "DataArea")
    _acknowledge_part(_add(data, "Acknowledge"), document, rule, rejected, tenant_id)
    header = _add(_add(data, "SupplierInvoice"), "SupplierInvoiceHeader")
    _add(_add(header, "DocumentID"), "ID", document.number)
    if document.correlation_id:
        alternate = _add(_add(header, "AlternateDocumentID"), "ID", document.correlation_id)
        alternate.set("schemeName", "CorrelationID")
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return content


def response_bodid(document: InvoiceDocument, tenant_id: str) -> str:
    """Return the BODID of an answer: the request's with its verb replaced, and a sequence.

    Source: docs/reference/ion-messaging.md#endpoints.

    The noun stays that of the request: the published mappings copy the ApplicationArea, so an
    invoice made of a CaptureDocument carries the CaptureDocument's BODID
    (docs/reference/ion-messaging.md#synccapturedocument).
    """
    bodid = document.text_of("BODID")
    if not _VERB.search(bodid):
        entity = document.text_of("AccountingEntityID")
        bodid = f"infor-nid:{tenant_id}:{entity}::{document.number}:?SupplierInvoice&verb=Process"
    return f"{_VERB.sub('verb=Acknowledge', bodid)}&sequence=1"[:_MAX_BODID]


def _acknowledge_part(
    part: etree._Element, document: InvoiceDocument, rule: Rule, rejected: bool, tenant_id: str
) -> None:
    _add(part, "TenantID", document.text_of("TenantID") or tenant_id)
    for name in ("AccountingEntityID", "LocationID"):
        if text := document.text_of(name):
            _add(part, name, text)
    original = document.first("ApplicationArea")
    if original is not None:
        _copy(original, _add(part, "OriginalApplicationArea"))
    criteria = _add(part, "ResponseCriteria")
    expression = _add(criteria, "ResponseExpression")
    expression.set("actionCode", REJECTED if rejected else ACCEPTED)
    if rejected:
        status = _add(criteria, "ChangeStatus")
        if rule.reason_code:
            _add(status, "ReasonCode", rule.reason_code)
        _add(status, "Reason", rule.words)


def _copy(source: etree._Element, target: etree._Element) -> None:
    """Copy elements, attributes and texts; all of them become ones of the BOD namespace."""
    for child in source:
        copied = _add(target, etree.QName(child).localname, _text(child) if not len(child) else "")
        for name, value in child.attrib.items():
            copied.set(name, value)
        _copy(child, copied)


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    element = etree.SubElement(parent, _tag(name))
    if text:
        element.text = text
    return element


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _child_text(element: etree._Element, name: str) -> str:
    return next((_text(one) for one in element if etree.QName(one).localname == name), "")


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
