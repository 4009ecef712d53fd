"""Queries of the sandbox's Compass, and what its Data Lake tells of its objects

Revision: 0048, after 0047
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.create_table(
        "compass_jobs",
        sa.Column("id", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("tenant_id", "statement", "result_format", "status", "message")
        ),
        sa.Column("row_limit", sa.Integer(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("result_sha256", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compass_jobs")),
    )
    op.create_index(
        "ix_compass_jobs_submitted", "compass_jobs", ["tenant_id", "submitted_at", "id"]
    )
    op.add_column(
        "lake_objects", sa.Column("instances", sa.Integer(), server_default="1", nullable=False)
    )
    for name in ("is_corrupt", "is_archived"):
        op.add_column(
            "lake_objects",
            sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False),
        )
