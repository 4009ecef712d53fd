"""Of which deliveries an ERP has said nothing in time

Revision: 0053, after 0052
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    no_word = sa.text("erp_status = 'no_word'")
    op.create_index(
        "ix_deliveries_no_word",
        "deliveries",
        ["organization_id", "id"],
        sqlite_where=no_word,
        postgresql_where=no_word,
    )
