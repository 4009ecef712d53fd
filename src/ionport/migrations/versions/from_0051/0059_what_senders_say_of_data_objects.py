"""Batch, accounting entity and publication date of a data object

Revision: 0059, after 0058
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    for name, kind in (
        ("batch_id", sa.Text()),
        ("accounting_entity", sa.Text()),
        ("published_at", sa.BigInteger()),
    ):
        op.add_column("lake_objects", sa.Column(name, kind, nullable=True))
