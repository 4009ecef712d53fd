"""The category of a supplier, which the ERP's mappings read

Revision: 0041, after 0040
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.add_column(
        "suppliers", sa.Column("category", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
