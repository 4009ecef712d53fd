"""Former files of connections

Revision: 0049, after 0048
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "connection_versions",
        *_texts("id", "connection_id"),
        *_texts("app_name", "gateway", "authorization_server", "client_id", "kind"),
        *_texts("fingerprint", "sealed", "uploaded_by"),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("remarks", sa.JSON(), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
        *_texts("replaced_by"),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_connection_versions_connection_id", "connection_versions", ["connection_id", "id"]
    )
