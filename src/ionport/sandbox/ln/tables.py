"""LN's tables: companies with their number series, invoices, and goods to match them with."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text, UniqueConstraint

from ionport.store import Moment, metadata
from ionport.store.schema import required

ln_companies = Table(
    "ln_companies",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # The number given last.
    Column("last_invoice", Integer, nullable=False),
)

ln_invoices = Table(
    "ln_invoices",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("company", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *required(Text, "supplier", "invoice_number", "status", "processing"),
    *required(JSON, "header", "lines", "messages"),
    Column("client_id", Text, nullable=False),
    *required(Moment, "created_at", "changed_at"),
    UniqueConstraint(
        "tenant_id", "company", "supplier", "invoice_number", name="uq_ln_invoices_supplier_invoice"
    ),
    Index("ix_ln_invoices_created_at", "tenant_id", "created_at"),
)

ln_receipts = Table(
    "ln_receipts",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("company", Integer, primary_key=True, autoincrement=False),
    Column("receipt", Text, primary_key=True),
    Column("receipt_line", Integer, primary_key=True, autoincrement=False),
    Column("order", Text, nullable=False),
    *required(Integer, "position", "sequence"),
    *required(Text, "packing_slip", "quantity"),
    Index("ix_ln_receipts_order", "tenant_id", "company", "order"),
)

STATE_TABLES = (ln_receipts, ln_invoices, ln_companies)
