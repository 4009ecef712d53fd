"""The table of companies."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from ionport.identity.tables import organizations
from ionport.store import Moment, metadata, partial_index
from ionport.store.schema import required

companies = Table(
    "companies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    # NULL: the company of the organization itself.
    Column("sub_organization_id", Text, ForeignKey(organizations.c.id), unique=True),
    *required(
        Text,
        "name",
        "accounting_entity",
        "cono",
        "divi",
        "ln_company",
        "vat_id",
        "tax_number",
        "gln",
        "street",
        "postal_code",
        "city",
        "country_code",
    ),
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
