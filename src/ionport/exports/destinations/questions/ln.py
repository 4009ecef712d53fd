"""LN is asked whether an invoice that a delivery has created there is processed.

Source: docs/reference/ln.md#received-purchase-invoices. Infor publishes no name of the attribute
that says so, so that a configuration does; its values are those of the session.
"""

from __future__ import annotations

from typing import Final

from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.documents.model import ErpStatus
from ionport.exports.destinations.erp_invoices.ln import InvoicePayload, key_in_ln, listed_in_ln
from ionport.exports.destinations.port import MethodOption
from ionport.exports.destinations.questions.model import (
    ASK_OPTION,
    AskedDelivery,
    AskWhereWanted,
    ErpAnswer,
)
from ionport.exports.model import StepKind

_PROCESSED: Final = "processed"

ASK_SWITCH: Final = MethodOption(
    ASK_OPTION,
    lambda: _("Ask LN until it is processed"),
    lambda: _(
        "By supplier and invoice number with the operation that lists: often at first, every six"
        " hours after a day, for thirty days at most."
    ),
    is_switch=True,
)
PROCESSED_OPTION: Final = MethodOption(
    "ln_processed",
    lambda: _("Attribute that says whether it is processed"),
    lambda: _("As your LN calls it; its value is Processed once the invoice is."),
    default="ProcessingStatus",
    pattern=r"[A-Za-z_][A-Za-z0-9_]{0,79}",
)


class AskLn(AskWhereWanted):
    """LN is asked for the invoice that the delivery itself has created, where that is wanted."""

    stage = "ln"

    def ask(self, asked: AskedDelivery) -> ErpAnswer | None:
        created = asked.payload(StepKind.LN_CREATE)
        if created is None:
            return None
        wanted = InvoicePayload.from_bytes(created)
        listed = listed_in_ln(asked.client, wanted)
        if listed is None:
            text = _("The service {service} in LN has no operation {list}.")
            raise NotFound(text.format(service=wanted.service, list=wanted.list))
        attribute = asked.options.get(PROCESSED_OPTION.name) or PROCESSED_OPTION.default
        for found in listed:
            if found.value(wanted.correlation) == asked.delivery.correlation_id:
                is_processed = found.value(attribute).strip().lower() == _PROCESSED
                status = ErpStatus.POSTED if is_processed else ErpStatus.ACCEPTED
                return ErpAnswer(status, key_in_ln(dict(found.values), wanted))
        return None
