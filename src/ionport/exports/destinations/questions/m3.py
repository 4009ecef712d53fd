"""M3 is asked for the status of an invoice, by its batch number or by supplier and number.

Source: docs/reference/m3.md#supplier-invoices. An invoice of a document flow is recognised by the
correlation id of its head (docs/reference/document-system.md#correlation-id).
"""

from __future__ import annotations

from typing import Final

from ionport.core.i18n import _
from ionport.documents.model import ErpStatus
from ionport.exports.destinations.erp_invoices.m3 import (
    HeadPayload,
    batch_numbers,
    head_of_batch,
    is_nothing_there,
)
from ionport.exports.destinations.port import MethodOption
from ionport.exports.destinations.questions.captured import CapturedInvoice
from ionport.exports.destinations.questions.model import (
    ASK_OPTION,
    AskedDelivery,
    AskWhereWanted,
    ErpAnswer,
)
from ionport.exports.model import StepKind
from ionport.ionapi import M3Error
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.m3 import M3Result

_BOOKED: Final = "90"

ASK_SWITCH: Final = MethodOption(
    ASK_OPTION,
    lambda: _("Ask M3 until it is posted"),
    lambda: _(
        "Often at first, every six hours after a day, for thirty days at most (APS450MI GetHead)."
        " For tenants whose ION sends no acknowledgement."
    ),
    is_switch=True,
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


def answer_of_m3(
    client: IonApiClient, invoice: CapturedInvoice, correlation_id: str
) -> ErpAnswer | None:
    """Return what M3 has made of an invoice that a document flow was to bring; raises IonApiError.

    None while no batch of this supplier and number bears the correlation id.
    """
    wanted = HeadPayload(
        {"SUNO": invoice.supplier, "SINO": invoice.number},
        company=invoice.company,
        division=invoice.division,
        correlation_id=correlation_id,
    )
    for number in batch_numbers(client, wanted):
        head = head_of_batch(client, wanted.company, wanted.division, number)
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
