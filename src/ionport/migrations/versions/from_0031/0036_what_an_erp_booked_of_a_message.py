"""What an ERP of the sandbox booked of a message

Revision: 0036, after 0035
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("ion_acknowledgements", sa.Column("booked", sa.JSON(), nullable=True))
