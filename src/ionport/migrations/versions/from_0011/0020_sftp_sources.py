"""Sources of SFTP servers, whose passwords and keys are sealed

Revision: 0020, after 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column(
        "intake_sources",
        sa.Column("sealed", sa.Text(), server_default="", nullable=False),
    )
