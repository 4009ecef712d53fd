"""M3's tables: companies, and one ordered file of records for each kind of thing."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Integer, Table, Text

from ionport.store import metadata

# Keys are compared byte by byte everywhere: a list goes on where the last one ended.
_Key = Text().with_variant(Text(collation="C"), "postgresql")

m3_companies = Table(
    "m3_companies",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # Number series by name: the number given last.
    Column("series", JSON, nullable=False),
)

m3_records = Table(
    "m3_records",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("company", Integer, primary_key=True, autoincrement=False),
    Column("file", Text, primary_key=True),
    Column("key", _Key, primary_key=True),
    Column("fields", JSON, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "company"],
        ["m3_companies.tenant_id", "m3_companies.number"],
        name="fk_m3_records_company",
        ondelete="CASCADE",
    ),
)

# A company's records go with it.
STATE_TABLES = (m3_companies, m3_records)
