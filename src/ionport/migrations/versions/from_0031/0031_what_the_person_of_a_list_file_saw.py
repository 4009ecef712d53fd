"""What the person of a list file saw when it was made

Revision: 0031, after 0030
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    # NULL is every type: who sees fewer asks anew for what was made before.
    op.add_column("list_files", sa.Column("document_types", sa.JSON(), nullable=True))
