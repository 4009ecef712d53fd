"""Fetches of suppliers run in the background

Revision: 0066, after 0065
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"

_RUNNING = sa.text("state = 'running'")


def upgrade() -> None:
    texts = ("erp", "company", "state", "person", "error")
    numbers = ("suppliers", "asked", "to_ask")
    op.create_table(
        "supplier_fetches",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("organization_id", sa.Text(), sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column(
            "connection_id",
            sa.Text(),
            sa.ForeignKey("connections.id", ondelete="CASCADE"),
            nullable=False,
        ),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("is_check", sa.Boolean(create_constraint=False), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in numbers),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.JSON()),
    )
    op.create_index(
        "ix_supplier_fetches_connection_id", "supplier_fetches", ["connection_id", "started_at"]
    )
    op.create_index(
        "uq_supplier_fetches_running",
        "supplier_fetches",
        ["connection_id"],
        unique=True,
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    )
