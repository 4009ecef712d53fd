"""How long documents are kept, and since when the content of one is removed

Revision: 0027, after 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_WHOLE = sa.text("purged_at IS NULL AND status IN ('exported', 'rejected', 'deleted')")


def upgrade() -> None:
    op.add_column("documents", sa.Column("purged_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_documents_done_whole",
        "documents",
        ["organization_id", "document_type", "updated_at", "id"],
        unique=False,
        sqlite_where=_WHOLE,
        postgresql_where=_WHOLE,
    )
    op.create_table(
        "document_retention",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("document_type", sa.Text(), nullable=False),
        sa.Column("keep_years", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_document_retention_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "document_type", name=op.f("pk_document_retention")
        ),
    )
    op.create_table(
        "purged_files",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_inside", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_purged_files")),
    )
    op.create_index("ix_purged_files_released_at", "purged_files", ["released_at"])
