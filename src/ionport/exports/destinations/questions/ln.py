"""LN is asked whether an invoice that a delivery has created there is processed.

Source: docs/reference/ln.md#received-purchase-invoices. Infor publishes no name of the attribute
for it, so that a configuration sets it; its values are those of the session.
"""

from __future__ import annotations

from collections.abc import Callable
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
NAME: Final = r"[A-Za-z_][A-Za-z0-9_]{0,79}"


def name_option(name: str, label: Callable[[], str], default: str) -> MethodOption:
    """Return the option that says what something is called in LN."""
    return MethodOption(
        f"ln_{name}",
        label,
        lambda: _("As your LN calls it; letters, digits and underscores."),
        default=default,
        pattern=NAME,
    )


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
    pattern=NAME,
)
SERVICE_OPTION: Final = name_option(
    "service", lambda: _("Service in LN"), "ReceivedPurchaseInvoice"
)
LIST_OPTION: Final = name_option("list", lambda: _("Operation that lists"), "List")


class AskLn(AskWhereWanted):
    """LN is asked for the invoice that the delivery itself has created, where that is wanted."""

    stage = "ln"

    def ask(self, asked: AskedDelivery) -> ErpAnswer | None:
        created = asked.payload(StepKind.LN_CREATE)
        if created is None:
            return None
        wanted = InvoicePayload.from_bytes(created)
        return answer_of_ln(asked, wanted)


def answer_of_ln(asked: AskedDelivery, wanted: InvoicePayload) -> ErpAnswer | None:
    """Return what LN has made of an invoice.

    None while none of this supplier and number bears the correlation id. Raises IonApiError, and
    NotFound where LN's service lists none.
    """
    listed = listed_in_ln(asked.client, wanted)
    if listed is None:
        text = _("The service {service} in LN has no operation {list}.")
        raise NotFound(text.format(service=wanted.service, list=wanted.list))
    attribute = PROCESSED_OPTION.value_in(asked.options)
    for found in listed:
        if found.value(wanted.correlation) == asked.delivery.correlation_id:
            is_processed = found.value(attribute).strip().lower() == _PROCESSED
            status = ErpStatus.POSTED if is_processed else ErpStatus.ACCEPTED
            return ErpAnswer(status, key_in_ln(dict(found.values), wanted))
    return None
