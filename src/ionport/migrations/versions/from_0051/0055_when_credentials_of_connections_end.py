"""When the credentials of a connection end, and what of it was told

Revision: 0055, after 0054
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.add_column("connections", sa.Column("credentials_end_on", sa.Text(), nullable=True))
    op.add_column("connections", sa.Column("credentials_told", sa.Integer(), nullable=True))
