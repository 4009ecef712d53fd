"""One proof of a connection runs at a time

Revision: 0003, after 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # What runs now belongs to a process that ends with this upgrade.
    op.execute(
        "UPDATE connection_checks SET status = 'interrupted', finished_at = updated_at"
        " WHERE status = 'running'"
    )
    op.add_column("connection_checks", sa.Column("runner", sa.Text(), nullable=True))
    running = sa.text("status = 'running'")
    op.create_index(
        "uq_connection_checks_running",
        "connection_checks",
        ["connection_id"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
