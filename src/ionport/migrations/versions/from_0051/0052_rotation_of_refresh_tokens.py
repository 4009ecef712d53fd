"""Rotation of refresh tokens as a tenant's choice

Revision: 0052, after 0051
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.add_column(
        "tenant_settings",
        sa.Column("refresh_tokens_rotate", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
