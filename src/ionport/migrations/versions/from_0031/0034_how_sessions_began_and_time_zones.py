"""By what a session began, and the time zone of an organization

Revision: 0034, after 0033
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.add_column(
        "sessions", sa.Column("begun_by", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.add_column(
        "organizations",
        sa.Column("time_zone", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
