"""When an ERP is asked what became of a delivery, and since when it does not know it

Revision: 0046, after 0045
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("erp_ask_at", sa.BigInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("erp_missed_at", sa.BigInteger(), nullable=True))
    # What was asked about so far, and whose configuration may want it: sorted out when it is due.
    op.execute(
        "UPDATE deliveries SET erp_ask_at = coalesce(erp_changed_at, created_at)"
        " WHERE erp_status = 'accepted'"
    )
    op.drop_index("ix_deliveries_unposted", "deliveries")
    asked = sa.text("erp_ask_at IS NOT NULL")
    op.create_index(
        "ix_deliveries_erp_ask_at",
        "deliveries",
        ["erp_ask_at"],
        sqlite_where=asked,
        postgresql_where=asked,
    )
