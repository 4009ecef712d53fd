"""The BODID of what a delivery sent over ION

Revision: 0050, after 0049
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("bod_name", sa.Text(), nullable=True))
    named = sa.text("bod_name IS NOT NULL")
    op.create_index(
        "ix_deliveries_bod_name",
        "deliveries",
        ["connection_id", "bod_name"],
        sqlite_where=named,
        postgresql_where=named,
    )
