"""The table of companies."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from ionport.identity.tables import organizations
from ionport.store import Moment, metadata, partial_index

companies = Table(
    "companies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    # NULL: the company of the organization itself.
    Column("sub_organization_id", Text, ForeignKey(organizations.c.id), unique=True),
    Column("name", Text, nullable=False),
    Column("accounting_entity", Text, nullable=False),
    Column("cono", Text, nullable=False),
    Column("divi", Text, nullable=False),
    Column("ln_company", Text, nullable=False),
    Column("vat_id", Text, nullable=False),
    Column("tax_number", Text, nullable=False),
    Column("gln", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("postal_code", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("country_code", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("updated_by", Text, nullable=False),
    Index("ix_companies_organization_id", "organization_id", "name"),
)

partial_index(
    "uq_companies_main",
    companies.c.organization_id,
    unique=True,
    where=companies.c.sub_organization_id.is_(None),
)
