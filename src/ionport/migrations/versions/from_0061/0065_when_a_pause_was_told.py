"""When the pause of a connection was last told

Revision: 0065, after 0064
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"


def upgrade() -> None:
    op.add_column("connections", sa.Column("pause_told_at", sa.BigInteger(), nullable=True))
