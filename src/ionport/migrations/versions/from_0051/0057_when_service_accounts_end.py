"""The last day on which a service account logs in

Revision: 0057, after 0056
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    op.add_column("service_accounts", sa.Column("ends_on", sa.Text(), nullable=True))
