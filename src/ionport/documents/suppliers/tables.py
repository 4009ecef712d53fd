"""Tables of suppliers and of the accounts that invoices made known."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ionport.documents.tables import documents
from ionport.identity.tables import organizations
from ionport.store import Moment, metadata
from ionport.store.schema import part_of, required

suppliers = Table(
    "suppliers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    # The organization's own number of the supplier.
    *required(Text, "number", "name", "vat_id", "tax_number", "gln"),
    Column("accounts", JSON, nullable=False),
    # Name, number and identifiers without case: what the list's search looks in.
    Column("search_text", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("category", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("organization_id", "number"),
)

# By what an invoice may name a supplier, as `InvoiceIdentity.suppliers` writes it.
supplier_identities = Table(
    "supplier_identities",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("identity", Text, nullable=False),
    part_of("supplier_id", suppliers.c.id),
    PrimaryKeyConstraint("supplier_id", "identity"),
    Index("ix_supplier_identities_identity", "organization_id", "identity"),
)

# Accounts known by delivered and accepted invoices, under each identity of the supplier.
known_accounts = Table(
    "known_accounts",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    *required(Text, "identity", "account"),
    # The invoice that made it known.
    Column("document_id", Text, ForeignKey(documents.c.id), nullable=False, index=True),
    Column("known_at", Moment, nullable=False),
    PrimaryKeyConstraint("organization_id", "identity", "account"),
)

# One row for each identity: whoever makes an account known locks those of its supplier, so that
# of two invoices of a new supplier the second sees the account of the first.
account_locks = Table(
    "account_locks",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("identity", Text, nullable=False),
    PrimaryKeyConstraint("organization_id", "identity"),
)
