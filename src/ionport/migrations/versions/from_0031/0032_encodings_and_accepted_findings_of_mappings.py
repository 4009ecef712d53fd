"""How mapping files are written, and findings about them that a person accepted

Revision: 0032, after 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    # Until now nothing but UTF-8 was taken; a byte order mark was dropped.
    op.add_column(
        "mapping_versions",
        sa.Column("encoding", sa.Text(), nullable=False, server_default="utf-8"),
    )
    op.create_table(
        "mapping_acceptances",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("organization_id", sa.Text(), sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column("mapping_id", sa.Text(), sa.ForeignKey("mapping_files.id"), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.UniqueConstraint("mapping_id", "finding"),
    )
