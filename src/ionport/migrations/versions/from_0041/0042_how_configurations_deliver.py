"""Last success and failures of a configuration, by an index

Revision: 0042, after 0041
"""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.create_index(
        "ix_deliveries_configuration_id_status_finished_at",
        "deliveries",
        ["configuration_id", "status", "finished_at"],
    )
