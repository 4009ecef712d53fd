"""Connections that lead to something else than an Infor tenant

Revision: 0039, after 0038
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.add_column(
        "connections", sa.Column("target", sa.Text(), server_default="infor", nullable=False)
    )
    op.add_column(
        "connections", sa.Column("parameters", sa.JSON(), server_default="{}", nullable=False)
    )
