"""How the gateway words its refusals to a tenant's clients

Revision: 0056, after 0055
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    op.add_column(
        "tenant_settings",
        sa.Column("refusal_form", sa.Text(), nullable=False, server_default="explained"),
    )
