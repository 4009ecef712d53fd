"""Companies, and what documents say about buyer and payment

Revision: 0010, after 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_VALUES = (
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
)


def upgrade() -> None:
    op.create_table(
        "companies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("sub_organization_id", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _VALUES),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_companies_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["sub_organization_id"],
            ["organizations.id"],
            name=op.f("fk_companies_sub_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("sub_organization_id", name=op.f("uq_companies_sub_organization_id")),
    )
    op.create_index("ix_companies_organization_id", "companies", ["organization_id", "name"])
    op.create_index(
        "uq_companies_main",
        "companies",
        ["organization_id"],
        unique=True,
        sqlite_where=sa.text("sub_organization_id IS NULL"),
        postgresql_where=sa.text("sub_organization_id IS NULL"),
    )
    op.create_table(
        "document_parties",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("buyer_ids", sa.JSON(), nullable=False),
        sa.Column("accounts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_parties_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_document_parties_organization_id"),
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_parties")),
    )
