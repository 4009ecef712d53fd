"""What the sandbox's M3 holds, for pages and for assertions of a test-suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.core.paging import Page, PageRequest
from ionport.identity.access import Access
from ionport.sandbox.m3.model import File, Key, M3InvoiceFilter, Record, numbered
from ionport.sandbox.m3.parameters import DEFAULT_COMPANY, MAX_RECORDS
from ionport.sandbox.m3.repository import M3Repository
from ionport.store import TenantScope


@dataclass(frozen=True, slots=True)
class SupplierInvoice:
    """An invoice of the batch: the fields of its head, and those of its lines."""

    company: int
    head: Record
    lines: Sequence[Record] = ()

    @property
    def key(self) -> str:
        """Company and batch number, which is unique in a company: `1-1001`."""
        return f"{self.company}-{self.head['INBN']}"

    @property
    def findings(self) -> Sequence[str]:
        """What validation found wrong."""
        return self.head.get("errors", "").splitlines()


class M3Inspection:
    """Reads files of a company, also those that no transaction lists."""

    def records(
        self,
        access: Access[TenantScope],
        file: File,
        *,
        company: int = DEFAULT_COMPANY,
        prefix: Key = (),
        limit: int = 100,
    ) -> Sequence[Record]:
        """Return records in the order of their keys, those whose key begins with `prefix`.

        A company that no call has named yet has none. Names in lower case are the sandbox's own,
        such as `errors`: what validation found wrong with an invoice, one text a line.

        Raises:
            Forbidden: the actor does not administer the tenant.
        """
        access.require_tenant_administrator()
        bounded = min(limit, MAX_RECORDS)
        found = M3Repository(access.connection).records(
            access.scope, company, file, prefix, (), bounded
        )
        return [record for _key, record in found]

    def list_invoices(
        self,
        access: Access[TenantScope],
        request: PageRequest,
        filters: M3InvoiceFilter | None = None,
    ) -> Page[SupplierInvoice]:
        """Return one page of the supplier invoices of all companies, without their lines.

        Raises:
            Forbidden: the actor does not administer the tenant.
        """
        access.require_tenant_administrator()
        found = M3Repository(access.connection).invoices(
            access.scope, request, filters or M3InvoiceFilter()
        )
        invoices = [SupplierInvoice(company, head) for company, head in found.items]
        return Page(invoices, found.total, found.request)

    def get_invoice(self, access: Access[TenantScope], key: str) -> SupplierInvoice:
        """Return an invoice by its key, with its lines.

        Raises:
            Forbidden: the actor does not administer the tenant.
            NotFound: there is none of that key.
        """
        access.require_tenant_administrator()
        company, _dash, number = key.partition("-")
        repository = M3Repository(access.connection)
        head = None
        if company.isascii() and company.isdigit() and len(company) <= 3:
            head = repository.invoice(access.scope, int(company), number)
        if head is None:
            raise NotFound(_("There is no such supplier invoice in M3."), code="invoice_not_found")
        prefix = (head["DIVI"], numbered(head["INBN"], 10))
        lines = self.records(
            access, File.INVOICE_LINE, company=int(company), prefix=prefix, limit=MAX_RECORDS
        )
        return SupplierInvoice(int(company), head, lines)
