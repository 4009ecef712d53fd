"""The language that a person chose for the pages

Revision: 0047, after 0046
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("language", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
