"""An index of deliveries that an ERP has accepted and not posted

Revision: 0043, after 0042
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    accepted = sa.text("erp_status = 'accepted'")
    op.create_index(
        "ix_deliveries_unposted",
        "deliveries",
        ["created_at"],
        sqlite_where=accepted,
        postgresql_where=accepted,
    )
