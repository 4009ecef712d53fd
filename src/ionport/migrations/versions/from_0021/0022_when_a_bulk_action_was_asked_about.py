"""When a person was asked about an action on many documents; what arose later is none of it

Revision: 0022, after 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("bulk_runs", sa.Column("asked_at", sa.BigInteger(), nullable=True))
