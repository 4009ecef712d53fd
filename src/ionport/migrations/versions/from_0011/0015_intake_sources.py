"""Intake sources: folders that are watched, and what became of their files

Revision: 0015, after 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "intake_sources",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("sub_organization_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_intake_sources_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["sub_organization_id"],
            ["organizations.id"],
            name=op.f("fk_intake_sources_sub_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_sources")),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_intake_sources_organization_id_name")
        ),
    )
    op.create_index(
        op.f("ix_intake_sources_sub_organization_id"), "intake_sources", ["sub_organization_id"]
    )
    op.create_table(
        "intake_log",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("document_ids", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_intake_log_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["intake_sources.id"],
            name=op.f("fk_intake_log_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_log")),
    )
    op.create_index("ix_intake_log_source_id", "intake_log", ["source_id", "at", "id"])
