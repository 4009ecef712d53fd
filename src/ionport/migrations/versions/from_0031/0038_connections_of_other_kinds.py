"""Connections that lead to something else than an Infor tenant

Revision: 0038, after 0037
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.add_column(
        "connections", sa.Column("target", sa.Text(), server_default="infor", nullable=False)
    )
    op.add_column(
        "connections", sa.Column("parameters", sa.JSON(), server_default="{}", nullable=False)
    )
