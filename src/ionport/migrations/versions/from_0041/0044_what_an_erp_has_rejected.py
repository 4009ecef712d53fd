"""An index of deliveries that an ERP has rejected

Revision: 0044, after 0043
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    rejected = sa.text("erp_status = 'rejected'")
    op.create_index(
        "ix_deliveries_rejected",
        "deliveries",
        ["organization_id", "id"],
        sqlite_where=rejected,
        postgresql_where=rejected,
    )
