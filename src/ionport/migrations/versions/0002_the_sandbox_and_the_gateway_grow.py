"""The sandbox and the gateway grow

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_suite_icons",
        sa.Column("suite_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["suite_id"],
            ["api_suites.id"],
            name=op.f("fk_api_suite_icons_suite_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_api_suite_icons_tenant_id")
        ),
        sa.PrimaryKeyConstraint("suite_id", name=op.f("pk_api_suite_icons")),
    )
