"""What LN holds, for a test to look at and to assert on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ionport.core.paging import Page, PageRequest
from ionport.identity.access import Access
from ionport.sandbox.ln.inspection import LnInspection
from ionport.sandbox.ln.model import Invoice, LnInvoiceFilter
from ionport.store import Work
from ionport.testing.handle.reading import agrees, all_pages, only
from ionport.testing.parts import ACTOR, Parts


@dataclass(frozen=True, slots=True)
class LnInvoice:
    """A received purchase invoice of LN.

    Attributes:
        company: the financial company; with `number` the invoice's key.
        status: such as `Created`, `Registration Errors` or `Approved`.
        header: values by the names of the LN mapping, such as `SupplierCode`.
        lines: the same for each line, by `InvoiceTax`, `InvoiceReceipt` and `InvoiceCost`.
        errors: what the last processing found wrong.
    """

    company: int
    number: int
    status: str
    header: Mapping[str, str]
    lines: Mapping[str, Sequence[Mapping[str, str]]] = field(repr=False)
    errors: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.header[name]


class LnState:
    """The received purchase invoices of all companies, the oldest first."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def invoices(self, **header: str) -> list[LnInvoice]:
        """Return the invoices whose headers have these values."""
        filters = LnInvoiceFilter(ascending=True)

        def page(work: Work, request: PageRequest) -> Page[Invoice]:
            scope = self._parts.scope
            return LnInspection().list_invoices(Access(work, scope, ACTOR), request, filters)

        found = [_shown(invoice) for invoice in all_pages(self._parts.database, page)]
        return [invoice for invoice in found if agrees(invoice.header, header)]

    def invoice(self, **header: str) -> LnInvoice:
        """Return the one invoice that agrees; raises AssertionError when it is not exactly one."""
        return only(self.invoices(**header), header, "LN invoice", self.invoices)


def _shown(invoice: Invoice) -> LnInvoice:
    return LnInvoice(
        company=invoice.company,
        number=invoice.number,
        status=invoice.status.value,
        header=invoice.draft.header,
        lines=invoice.draft.lines,
        errors=invoice.messages,
    )
