"""Exporting one invoice once: archive it in IDM, then tell ION.

A call that broke off may have been done all the same. IDM can be asked (the correlation id is an
attribute of the item); ION cannot, but recognises a message that comes again under its id. So
every step is safe to repeat, and the whole export is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
from typing import TypeVar

from invoice_exporter.bod import DOCUMENT_NAME, capture_document
from invoice_exporter.invoices import Invoice
from ionport.ionapi import BodMessage, IonApiClient, IonApiError, Item, ItemDraft

ENTITY = "M3_SupplierInvoice"
_CORRELATION = "BOD_AlternateDocumentID_1"
_ATTEMPTS = 5
_LONGEST_WAIT = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exported:
    """Where an invoice is now."""

    pid: str
    message_id: str


class Exporter:
    """Exports invoices over one connection.

    `logical_id` and `accounting_entity` are those of the tenant's connection point and company;
    `pause` waits between attempts, `first_wait` seconds after the first.
    """

    def __init__(
        self,
        client: IonApiClient,
        *,
        logical_id: str = "lid://infor.ims.invoice_exporter",
        accounting_entity: str = "001_100",
        pause: Callable[[float], None] = time.sleep,
        first_wait: float = 1.0,
    ) -> None:
        self._client = client
        self._logical_id = logical_id
        self._accounting_entity = accounting_entity
        self._pause = pause
        self._first_wait = first_wait

    def export(self, invoice: Invoice) -> Exported:
        """Archive an invoice and tell ION; raises IonApiError when Infor refuses or stays away."""
        item = self._repeated(lambda: self._archive(invoice))
        message = self._message(invoice)
        self._repeated(lambda: self._client.messaging.publish(message))
        return Exported(item.pid, message.message_id)

    def _archive(self, invoice: Invoice) -> Item:
        """Return the invoice's item; makes it unless an earlier attempt has."""
        found = self._client.idm.find_one(ENTITY, _CORRELATION, invoice.correlation_id)
        if found is not None:
            return found
        attributes = (
            ("BOD_SupplierInvoiceID", invoice.number),
            ("BOD_SupplierPartyID", invoice.supplier),
            ("M3_InvoiceDate", invoice.date.isoformat()),
            ("M3_InvoiceYear", str(invoice.date.year)),
            (_CORRELATION, invoice.correlation_id),
        )
        content = invoice.file.read_bytes()
        draft = ItemDraft(ENTITY, attributes, ((invoice.file.name, content),))
        return self._client.idm.create_item(draft)

    def _message(self, invoice: Invoice) -> BodMessage:
        # Nothing in it depends on the moment: a message that comes again is the same, byte by byte.
        created = datetime.combine(invoice.date, time_of_day(), UTC)
        return BodMessage(
            document_name=DOCUMENT_NAME,
            message_id=invoice.correlation_id,
            from_logical_id=self._logical_id,
            accounting_entity=self._accounting_entity,
            payload=capture_document(
                invoice, ENTITY, self._logical_id, self._accounting_entity, created
            ),
        )

    def _repeated(self, step: Callable[[], T]) -> T:
        """Do a step again while what went wrong may pass by itself."""
        wait = self._first_wait
        for _attempt in range(_ATTEMPTS - 1):
            try:
                return step()
            except IonApiError as error:
                if not error.transient:
                    raise
                asked = error.retry_after if error.retry_after is not None else wait
                self._pause(min(asked, _LONGEST_WAIT))
                wait *= 2
        return step()
