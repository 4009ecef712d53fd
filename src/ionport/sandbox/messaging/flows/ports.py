"""The port to the ERPs that book the invoices of a document flow."""

from __future__ import annotations

from typing import Protocol

from ionport.sandbox.messaging.flows.erp_invoice import ErpInvoice
from ionport.sandbox.messaging.flows.model import Booked
from ionport.store import ScopedWork, TenantScope


class Books(Protocol):
    """An ERP that takes invoices."""

    def book(self, access: ScopedWork[TenantScope], invoice: ErpInvoice) -> Booked:
        """Take an invoice; raises InvalidInput, whose code and text are the ERP's.

        The caller then rolls back what it has written.
        """
        ...
