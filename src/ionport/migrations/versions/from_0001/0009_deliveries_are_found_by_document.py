"""Deliveries are found by document and organization

Revision: 0009, after 0008
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_index("ix_deliveries_document_id", table_name="deliveries")
    op.create_index("ix_deliveries_document_id", "deliveries", ["document_id", "organization_id"])
