"""SQL of LN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select
from sqlalchemy import update as update_rows

from ionport.core.paging import Page, PageRequest
from ionport.sandbox.ln.model import (
    Draft,
    GoodsReceipt,
    Invoice,
    LnInvoiceFilter,
    Processing,
    Status,
)
from ionport.sandbox.ln.seeds import RECEIPTS
from ionport.sandbox.ln.tables import ln_companies, ln_invoices, ln_receipts
from ionport.store import TenantScope, insert_of

_companies = ln_companies.c
_invoices = ln_invoices.c
_receipts = ln_receipts.c
_FIRST_INVOICE = 1001
_CHUNK = 200


class LnRepository:
    """Received purchase invoices of a tenant, and the goods to match them with."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._insert = insert_of(connection)

    def next_numbers(self, scope: TenantScope, company: int, count: int) -> range:
        """Take invoice numbers; no other transaction takes one until this one ends."""
        new = self._insert(ln_companies).values(
            tenant_id=scope.tenant_id, number=company, last_invoice=_FIRST_INVOICE - 1 + count
        )
        taken = new.on_conflict_do_update(
            ln_companies.primary_key, set_={"last_invoice": _companies.last_invoice + count}
        )
        last: int = self._connection.execute(taken.returning(_companies.last_invoice)).scalar_one()
        return range(last - count + 1, last + 1)

    def add(self, scope: TenantScope, invoice: Invoice) -> None:
        """Store a new invoice."""
        self._connection.execute(
            insert(ln_invoices).values(
                tenant_id=scope.tenant_id,
                company=invoice.company,
                number=invoice.number,
                supplier=invoice.draft.header["SupplierCode"],
                invoice_number=invoice.draft.header["InvoiceNumberSupplier"],
                status=invoice.status.value,
                processing=invoice.processing.value,
                header=dict(invoice.draft.header),
                lines={name: list(lines) for name, lines in invoice.draft.lines.items()},
                messages=list(invoice.messages),
                client_id=invoice.client_id,
                created_at=invoice.created_at,
                changed_at=invoice.changed_at,
            )
        )

    def save_state(self, scope: TenantScope, invoice: Invoice) -> None:
        """Keep how far an invoice has come."""
        self._connection.execute(
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
        return self._one(_is_invoice(scope, company, number))

    def same(self, scope: TenantScope, draft: Draft) -> Invoice | None:
        """Return the invoice that has the draft's supplier and number already, or None."""
        return self._one(
            and_(
                _invoices.tenant_id == scope.tenant_id,
                _invoices.company == draft.company,
                _invoices.supplier == draft.header["SupplierCode"],
                _invoices.invoice_number == draft.header["InvoiceNumberSupplier"],
            )
        )

    def scan(self, scope: TenantScope, company: int) -> Iterator[Invoice]:
        """Return the invoices of a company by number, read in portions."""
        last = 0
        while True:
            rows = self._connection.execute(
                select(ln_invoices)
                .where(
                    _invoices.tenant_id == scope.tenant_id,
                    _invoices.company == company,
                    _invoices.number > last,
                )
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
        condition = _matching(scope, filters)
        total = self._connection.execute(
            select(func.count()).select_from(ln_invoices).where(condition)
        ).scalar_one()
        columns = (_invoices.created_at, _invoices.company, _invoices.number)
        order = [column.asc() if filters.ascending else column.desc() for column in columns]
        rows = self._connection.execute(
            select(ln_invoices)
            .where(condition)
            .order_by(*order)
            .limit(request.limit)
            .offset(request.offset)
        )
        return Page([_invoice(row) for row in rows], total, request)

    def add_receipt(self, scope: TenantScope, receipt: GoodsReceipt) -> bool:
        """Store a goods receipt; False when there is one of its number and line."""
        new = self._insert(ln_receipts).values(
            tenant_id=scope.tenant_id,
            company=receipt.company,
            receipt=receipt.receipt,
            receipt_line=receipt.receipt_line,
            order=receipt.order,
            position=receipt.position,
            sequence=receipt.sequence,
            packing_slip=receipt.packing_slip,
            quantity=receipt.quantity,
        )
        added = self._connection.execute(new.on_conflict_do_nothing().returning(_receipts.receipt))
        return added.first() is not None

    def receipts(self, scope: TenantScope, company: int, order: str) -> Sequence[GoodsReceipt]:
        """Return the goods that were received for an order, the seeds first; at most 1,000."""
        rows = self._connection.execute(
            select(ln_receipts)
            .where(
                _receipts.tenant_id == scope.tenant_id,
                _receipts.company == company,
                _receipts.order == order,
            )
            .order_by(_receipts.receipt, _receipts.receipt_line)
            .limit(1_000)
        )
        seeds = [each for each in RECEIPTS if (each.company, each.order) == (company, order)]
        return [*seeds, *map(_receipt, rows)]

    def _one(self, condition: ColumnElement[bool]) -> Invoice | None:
        row = self._connection.execute(select(ln_invoices).where(condition)).one_or_none()
        return None if row is None else _invoice(row)


def _is_invoice(scope: TenantScope, company: int, number: int) -> ColumnElement[bool]:
    return and_(
        _invoices.tenant_id == scope.tenant_id,
        _invoices.company == company,
        _invoices.number == number,
    )


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


def _invoice(row: Row[Any]) -> Invoice:
    return Invoice(
        number=row.number,
        draft=Draft(row.header, row.lines),
        client_id=row.client_id,
        created_at=row.created_at,
        changed_at=row.changed_at,
        status=Status(row.status),
        processing=Processing(row.processing),
        messages=tuple(row.messages),
    )


def _receipt(row: Row[Any]) -> GoodsReceipt:
    return GoodsReceipt(
        company=row.company,
        order=row.order,
        position=row.position,
        receipt=row.receipt,
        receipt_line=row.receipt_line,
        quantity=row.quantity,
        sequence=row.sequence,
        packing_slip=row.packing_slip,
    )
