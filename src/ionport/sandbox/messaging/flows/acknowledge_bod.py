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
from ionport.sandbox.messaging.flows.model import Booked

ACCEPTED = "Accepted"
REJECTED = "Rejected"
CONFIRMED = "ConfirmBOD"
POSTED = "Posted"
SENDER = "lid://infor.m3.m3"

_MAX_BODID = 255
_VERB = re.compile(r"verb=[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """The values that a flow reads from a document: CaptureDocument or SupplierInvoice."""

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
    def is_invoice(self) -> bool:
        """Whether it is an invoice or a credit note by its type, or says none."""
        kind = self.document_type.lower()
        return not kind or "invoice" in kind or "credit" in kind

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ERP's decision on a document; without a reason it is accepted."""

    reason: str = ""
    reason_code: str = ""
    booked: Booked | None = None

    @property
    def outcome(self) -> str:
        return REJECTED if self.reason else ACCEPTED


def acknowledge(
    document: InvoiceDocument, verdict: Verdict, *, tenant_id: str, at: datetime
) -> bytes:
    """Return the acknowledgement of a document: accepted, or rejected with the ERP's reason.

    The booking in Status/Code and as properties of the UserArea is inferred.
    """
    root = _root("AcknowledgeSupplierInvoice", response_bodid(document, tenant_id), at)
    data = _add(root, "DataArea")
    _acknowledge_part(_add(data, "Acknowledge"), document, verdict, tenant_id)
    header = _add(_add(data, "SupplierInvoice"), "SupplierInvoiceHeader")
    _add(_add(header, "DocumentID"), "ID", document.number)
    if document.correlation_id:
        alternate = _add(_add(header, "AlternateDocumentID"), "ID", document.correlation_id)
        alternate.set("schemeName", "CorrelationID")
    booked = verdict.booked
    if booked is not None:
        _add(_add(header, "Status"), "Code", POSTED if booked.is_posted else ACCEPTED)
        area = _add(header, "UserArea")
        for name, value in (("INBN", booked.number), ("VONO", booked.voucher)):
            if value:
                _add(_add(area, "Property"), "NameValue", value).set("name", name)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return content


def confirm(message_id: str, document_name: str, reason: str, at: datetime) -> bytes:
    """Return the ConfirmBOD for a document that cannot be processed.

    Source: docs/reference/ion-messaging.md#confirm-and-acknowledge; the original's BODID cannot be
    read, so the message id stands as ReferenceID. Inferred.
    """
    root = _root("ConfirmBOD", f"infor-nid:::::?BOD&verb=Confirm&{message_id}"[:_MAX_BODID], at)
    body = _add(_add(root, "DataArea"), "BOD")
    sender = _add(_add(body, "OriginalApplicationArea"), "Sender")
    _add(sender, "ReferenceID", message_id)
    failure = _add(_add(body, "BODFailureMessage"), "ErrorProcessMessage")
    _add(failure, "Description", f"{document_name}: {reason}")
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return content


def _root(name: str, bodid: str, at: datetime) -> etree._Element:
    nsmap: Any = {None: NAMESPACE}  # The stubs know no default namespace.
    root = etree.Element(_tag(name), nsmap=nsmap)
    root.set("releaseID", "9.2")
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    area = _add(root, "ApplicationArea")
    sender = _add(area, "Sender")
    _add(sender, "LogicalID", SENDER)
    _add(sender, "ConfirmationCode", "OnError")
    _add(area, "CreationDateTime", moment)
    _add(area, "BODID", bodid)
    return root


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
    part: etree._Element, document: InvoiceDocument, verdict: Verdict, tenant_id: str
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
    expression.set("actionCode", verdict.outcome)
    if verdict.reason:
        status = _add(criteria, "ChangeStatus")
        if verdict.reason_code:
            _add(status, "ReasonCode", verdict.reason_code)
        _add(status, "Reason", verdict.reason)


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
