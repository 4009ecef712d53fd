"""SQL of LN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select
from sqlalchemy import update as update_rows

from ionport.core.paging import Page, PageRequest
from ionport.sandbox.ln.model import Draft, GoodsReceipt, Invoice, LnInvoiceFilter
from ionport.sandbox.ln.seeds import RECEIPTS
from ionport.sandbox.ln.tables import ln_companies, ln_invoices, ln_receipts
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_companies = ln_companies.c
_invoices = ln_invoices.c
_receipts = ln_receipts.c
_FIRST_INVOICE = 1001
_CHUNK = 200


class LnRepository(Repository):
    """Received purchase invoices of a tenant, and the goods to match them with."""

    def next_numbers(self, scope: TenantScope, company: int, count: int) -> range:
        """Take invoice numbers; no other transaction takes one until this one ends."""
        new = self._insert(ln_companies).values(
            tenant_id=scope.tenant_id, number=company, last_invoice=_FIRST_INVOICE - 1 + count
        )
        taken = new.on_conflict_do_update(
            ln_companies.primary_key, set_={"last_invoice": _companies.last_invoice + count}
        )
        last: int = self._run(taken.returning(_companies.last_invoice)).scalar_one()
        return range(last - count + 1, last + 1)

    def lock(self, scope: TenantScope, company: int) -> None:
        """Let no other transaction enter or change an invoice of a company until this one ends."""
        self.next_numbers(scope, company, 0)

    def remove(self, scope: TenantScope, invoice: Invoice) -> None:
        """Remove an invoice."""
        self._run(delete(ln_invoices).where(_is_invoice(scope, invoice.company, invoice.number)))

    def save_draft(self, scope: TenantScope, invoice: Invoice) -> None:
        """Store an invoice's attributes and lines."""
        self._run(
            update_rows(ln_invoices)
            .where(_is_invoice(scope, invoice.company, invoice.number))
            .values(**_drafted(invoice.draft), changed_at=invoice.changed_at)
        )

    def add(self, scope: TenantScope, invoice: Invoice) -> None:
        """Store a new invoice."""
        self._run(
            insert(ln_invoices).values(
                columns_of(
                    ln_invoices,
                    invoice,
                    tenant_id=scope.tenant_id,
                    **_drafted(invoice.draft),
                )
            )
        )

    def save_state(self, scope: TenantScope, invoice: Invoice) -> None:
        """Store an invoice's status and messages."""
        self._run(
            update_rows(ln_invoices)
            .where(_is_invoice(scope, invoice.company, invoice.number))
            .values(
                status=invoice.status.value,
                processing=invoice.processing.value,
                messages=list(invoice.messages),
                changed_at=invoice.changed_at,
            )
        )

    def get(self, scope: TenantScope, company: int, number: int) -> Invoice | None:
        """Return an invoice, or None."""
        return self._find(_is_invoice(scope, company, number))

    def same(self, scope: TenantScope, draft: Draft) -> Invoice | None:
        """Return the invoice that has the draft's supplier and number already, or None."""
        return self._find(
            in_scope(
                ln_invoices,
                scope,
                company=draft.company,
                supplier=draft.header["SupplierCode"],
                invoice_number=draft.header["InvoiceNumberSupplier"],
            )
        )

    def scan(self, scope: TenantScope, company: int) -> Iterator[Invoice]:
        """Return the invoices of a company by number, read in portions."""
        last = 0
        while True:
            rows = self._run(
                select(ln_invoices)
                .where(in_scope(ln_invoices, scope, company=company), _invoices.number > last)
                .order_by(_invoices.number)
                .limit(_CHUNK)
            ).all()
            yield from map(_invoice, rows)
            if len(rows) < _CHUNK:
                return
            last = rows[-1].number

    def page(
        self, scope: TenantScope, request: PageRequest, filters: LnInvoiceFilter
    ) -> Page[Invoice]:
        """Return one page of invoices of all companies, by time."""
        columns = (_invoices.created_at, _invoices.company, _invoices.number)
        order = [column.asc() if filters.ascending else column.desc() for column in columns]
        found = select(ln_invoices).where(_matching(scope, filters))
        return self._page(found.order_by(*order), request, _invoice)

    def add_receipt(self, scope: TenantScope, receipt: GoodsReceipt) -> bool:
        """Store a goods receipt; False when there is one of its number and line."""
        new = self._insert(ln_receipts).values(
            columns_of(ln_receipts, receipt, tenant_id=scope.tenant_id)
        )
        added = self._run(new.on_conflict_do_nothing().returning(_receipts.receipt))
        return added.first() is not None

    def receipts(self, scope: TenantScope, company: int, order: str) -> Sequence[GoodsReceipt]:
        """Return the goods that were received for an order, the seeds first; at most 1,000."""
        rows = self._run(
            select(ln_receipts)
            .where(in_scope(ln_receipts, scope, company=company, order=order))
            .order_by(_receipts.receipt, _receipts.receipt_line)
            .limit(1_000)
        )
        seeds = [each for each in RECEIPTS if (each.company, each.order) == (company, order)]
        return [*seeds, *map(_receipt, rows)]

    def goods(self, scope: TenantScope, company: int) -> Sequence[GoodsReceipt]:
        """Return the goods of every order of a company, the seeds first; at most 1,000."""
        rows = self._run(
            select(ln_receipts)
            .where(in_scope(ln_receipts, scope, company=company))
            .order_by(_receipts.order, _receipts.position, _receipts.sequence, _receipts.receipt)
            .limit(1_000)
        )
        seeds = [each for each in RECEIPTS if each.company == company]
        return [*seeds, *map(_receipt, rows)]

    def _find(self, condition: ColumnElement[bool]) -> Invoice | None:
        return self._one(select(ln_invoices).where(condition), _invoice)


def _drafted(draft: Draft) -> dict[str, Any]:
    return {
        "supplier": draft.header["SupplierCode"],
        "invoice_number": draft.header["InvoiceNumberSupplier"],
        "header": dict(draft.header),
        "lines": {name: list(lines) for name, lines in draft.lines.items()},
    }


def _is_invoice(scope: TenantScope, company: int, number: int) -> ColumnElement[bool]:
    return in_scope(ln_invoices, scope, company=company, number=number)


def _matching(scope: TenantScope, filters: LnInvoiceFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [_invoices.tenant_id == scope.tenant_id]
    if filters.status is not None:
        conditions.append(_invoices.status == filters.status.value)
    if filters.text:
        columns = (_invoices.supplier, _invoices.invoice_number)
        conditions.append(
            or_(*(column.icontains(filters.text, autoescape=True) for column in columns))
        )
    return and_(*conditions)


_invoice = reader(Invoice, draft=lambda row: Draft(row.header, row.lines))


_receipt = reader(GoodsReceipt)
