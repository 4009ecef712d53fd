"""The ERP is asked for the invoice that a document flow of ION was to bring: M3, or LN.

Which of the two a flow books in, nobody tells: a configuration says it. The names of LN's service
and its attributes are those of the received purchase invoice, which Infor does not publish
(docs/reference/ln.md#received-purchase-invoices).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.exports.destinations.erp_invoices.ln import InvoicePayload
from ionport.exports.destinations.port import MethodOption
from ionport.exports.destinations.questions import captured
from ionport.exports.destinations.questions.ln import (
    LIST_OPTION,
    PROCESSED_OPTION,
    SERVICE_OPTION,
    answer_of_ln,
)
from ionport.exports.destinations.questions.m3 import answer_of_m3
from ionport.exports.destinations.questions.model import (
    ASK_OPTION,
    AskedDelivery,
    AskWhen,
    ErpAnswer,
)
from ionport.exports.model import StepKind

_LN: Final = "ln"

ASK_CHOICE: Final = MethodOption(
    ASK_OPTION,
    lambda: _("Ask M3 or LN what became of it"),
    lambda: _(
        "By supplier and invoice number (APS450MI, or LN's operation that lists), often at first,"
        " every six hours after a day, for thirty days at most. What bears another correlation id"
        " is not taken for it."
    ),
    choices=lambda: [
        ("", _("M3, while no endpoint takes what the ERP says")),
        (AskWhen.ALWAYS.value, _("M3, always")),
        (_LN, _("LN, always")),
        (AskWhen.NEVER.value, _("Never")),
    ],
    is_name=False,
)
ASK_OPTIONS: Final = (ASK_CHOICE, SERVICE_OPTION, LIST_OPTION, PROCESSED_OPTION)


class AskErpOfFlow:
    """M3 or LN is asked by what the published BOD says of supplier and number."""

    stage = "m3"

    def when(self, options: Mapping[str, str]) -> AskWhen:
        chosen = options.get(ASK_OPTION) or AskWhen.UNLESS_TOLD
        return AskWhen.ALWAYS if chosen == _LN else AskWhen(chosen)

    def ask(self, asked: AskedDelivery) -> ErpAnswer | None:
        published = asked.payload(StepKind.ION_PUBLISH)
        invoice = captured.read_invoice(published) if published else None
        if invoice is None or not (invoice.supplier and invoice.number):
            raise NotFound(_("The published BOD names no supplier or no invoice number."))
        if asked.options.get(ASK_OPTION) == _LN:
            return answer_of_ln(asked, _in_ln(invoice, asked.options))
        return answer_of_m3(asked.client, invoice, asked.delivery.correlation_id)


def _in_ln(invoice: captured.CapturedInvoice, options: Mapping[str, str]) -> InvoicePayload:
    """Return by what LN is asked for an invoice; nothing of it is sent otherwise."""
    supplier, number, correlation = (
        "SupplierCode",
        "InvoiceNumberSupplier",
        "DocumentIDExternalPackage",
    )
    return InvoicePayload(
        service=SERVICE_OPTION.value_in(options),
        create="",
        list=LIST_OPTION.value_in(options),
        company=invoice.company,
        values=((supplier, invoice.supplier), (number, invoice.number)),
        lines=(),
        wanted=(supplier, number),
        correlation=correlation,
        dated="",
    )
