"""What came of an attempt to post an acknowledgement, as a code

Until now it was a sentence; what the older rows say is shown as it stands.

Revision: 0040, after 0039
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.add_column("ion_ack_attempts", sa.Column("result", sa.Text()))
