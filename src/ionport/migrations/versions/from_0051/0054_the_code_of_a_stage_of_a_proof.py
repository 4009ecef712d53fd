"""The code of a stage of a proof

Revision: 0054, after 0053
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    op.add_column(
        "connection_check_stages",
        sa.Column("code", sa.Text(), server_default="", nullable=False),
    )
