"""M3 is asked what became of an invoice, by its batch number or by supplier and number.

Source: docs/reference/m3.md#supplier-invoices. What a document flow brought is known by the
correlation id that its head bears (docs/reference/document-system.md#correlation-id).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from lxml import etree

from ionport.core import xml
from ionport.core.i18n import _
from ionport.documents.model import ErpStatus
from ionport.exports.destinations.erp_invoices.m3 import (
    HeadPayload,
    batch_numbers,
    head_of_batch,
    is_nothing_there,
)
from ionport.exports.destinations.port import MethodOption
from ionport.exports.destinations.questions.model import (
    ASK_OPTION,
    AskedDelivery,
    AskWhen,
    AskWhereWanted,
    ErpAnswer,
)
from ionport.exports.model import StepKind
from ionport.ionapi import M3Error
from ionport.ionapi.m3 import M3Result

_BOOKED: Final = "90"
# An accounting entity of M3 is company and division: docs/reference/m3.md#supplier-invoices.
_ENTITY: Final = re.compile(r"(\d{1,3})(?:_([A-Z0-9]{1,3}))?", re.ASCII)

ASK_SWITCH: Final = MethodOption(
    ASK_OPTION,
    lambda: _("Ask M3 until it is posted"),
    lambda: _(
        "Often at first, every six hours after a day, for thirty days at most (APS450MI GetHead)."
        " For tenants whose ION sends no acknowledgement."
    ),
    is_switch=True,
)
ASK_CHOICE: Final = MethodOption(
    ASK_OPTION,
    lambda: _("Ask M3 what became of it"),
    lambda: _(
        "By supplier and invoice number (APS450MI), often at first, every six hours after a day,"
        " for thirty days at most. What bears another correlation id is not taken for it."
    ),
    choices=lambda: [
        ("", _("While no endpoint takes what the ERP says")),
        (AskWhen.ALWAYS.value, _("Always")),
        (AskWhen.NEVER.value, _("Never")),
    ],
    is_name=False,
)


class AskBatch(AskWhereWanted):
    """M3 is asked for the batch that the delivery itself has entered, where that is wanted."""

    stage = "m3"

    def ask(self, asked: AskedDelivery) -> ErpAnswer | None:
        place = next(each.parameters for each in asked.steps if each.kind is StepKind.M3_READ_BACK)
        number = asked.delivery.erp_reference or ""
        company, division = place.get("company", ""), place.get("division", "")
        try:
            return _answer(number, head_of_batch(asked.client, company, division, number))
        except M3Error as error:
            # A person has deleted the batch.
            if is_nothing_there(error):
                return None
            raise


class AskInvoice:
    """M3 is asked for the invoice that a document flow of ION was to bring."""

    stage = "m3"

    def when(self, options: Mapping[str, str]) -> AskWhen:
        return AskWhen(options.get(ASK_OPTION) or AskWhen.UNLESS_TOLD)

    def ask(self, asked: AskedDelivery) -> ErpAnswer | None:
        published = asked.payload(StepKind.ION_PUBLISH)
        if published is None:
            return None
        wanted = _wanted(published, asked.delivery.correlation_id)
        if not all(wanted.wanted.values()):
            return None
        for number in batch_numbers(asked.client, wanted):
            head = head_of_batch(asked.client, wanted.company, wanted.division, number)
            if head.first("CORI") == wanted.correlation_id:
                return _answer(number, head)
        return None


def _answer(number: str, head: M3Result) -> ErpAnswer:
    is_posted = head.first("SUPA") == _BOOKED
    voucher = head.first("VONO").strip()
    return ErpAnswer(
        ErpStatus.POSTED if is_posted else ErpStatus.ACCEPTED,
        number,
        voucher if is_posted and voucher.strip("0") else "",
    )


def _wanted(content: bytes, correlation_id: str) -> HeadPayload:
    """Return by what M3 is asked for the invoice of a CaptureDocument.

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
    number = fields.get("InvoiceNumber") or document_id
    record = {"SUNO": fields.get("SupplierID", ""), "SINO": number}
    return HeadPayload(
        record,
        company=str(int(place[1])) if place else "",
        division=(place[2] or "") if place else "",
        correlation_id=correlation_id,
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
