"""What the sandbox's LN holds, for pages and for assertions of a test-suite."""

from __future__ import annotations

from ionport.core.errors import existing
from ionport.core.i18n import _
from ionport.core.paging import Page, PageRequest
from ionport.identity.access import Access
from ionport.sandbox.ln.model import Invoice, LnInvoiceFilter, read_key
from ionport.sandbox.ln.repository import LnRepository
from ionport.store import TenantScope


class LnInspection:
    """Reads invoices; both raise Forbidden to who does not administer the tenant."""

    def list_invoices(
        self,
        access: Access[TenantScope],
        request: PageRequest,
        filters: LnInvoiceFilter | None = None,
    ) -> Page[Invoice]:
        """Return one page of invoices, the newest first."""
        access.require_tenant_administrator()
        return LnRepository(access.connection).page(
            access.scope, request, filters or LnInvoiceFilter()
        )

    def get_invoice(self, access: Access[TenantScope], key: str) -> Invoice:
        """Return an invoice by its key, `200-1001`; raises NotFound."""
        access.require_tenant_administrator()
        invoice = LnRepository(access.connection).get(access.scope, *read_key(key))
        return existing(invoice, _("There is no such invoice in LN."), code="invoice_not_found")
