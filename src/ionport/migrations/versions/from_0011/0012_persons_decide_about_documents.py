"""Persons decide about documents

Decisions get rows, findings can be resolved, and the timeline stores codes with parameters.

Revision: 0012, after 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "document_decisions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_decisions_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_document_decisions_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_decisions")),
        sa.UniqueConstraint(
            "document_id", "position", name=op.f("uq_document_decisions_document_id_position")
        ),
    )
    op.create_index(
        "ix_document_decisions_organization_id",
        "document_decisions",
        ["organization_id", "document_id"],
    )
    # Not in batch mode: SQLite would drop the tables that others refer to.
    op.add_column("document_findings", sa.Column("resolved_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "document_timeline", sa.Column("code", sa.Text(), nullable=False, server_default="")
    )
    op.add_column(
        "document_timeline", sa.Column("parameters", sa.JSON(), nullable=False, server_default="{}")
    )
