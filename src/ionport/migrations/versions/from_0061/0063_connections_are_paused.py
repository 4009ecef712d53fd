"""Connections are paused

Revision: 0063, after 0062
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"


def upgrade() -> None:
    # Not in batch mode: SQLite would make the table anew.
    for column in (
        sa.Column("paused_at", sa.BigInteger()),
        sa.Column("paused_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("pause_reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("tried_at", sa.BigInteger()),
    ):
        op.add_column("connections", column)
