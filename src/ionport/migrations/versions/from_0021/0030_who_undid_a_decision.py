"""Who undid a decision, by the person's id

Revision: 0030, after 0029
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("document_decisions", sa.Column("undone_by_id", sa.Text(), nullable=True))
