"""Passes of deliveries

A delivery's row names the pass that is due or under way and the lease of its worker; an unknown
attempt says what is known of the end of its call. What was under way is left as it is: the
engine takes it over as it does with any lease of a worker that is gone.

Revision: 0007, after 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_RUNNING = sa.text("status = 'running'")


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as batch_op:
        batch_op.add_column(
            sa.Column("pass_number", sa.Integer(), nullable=False, server_default="1")
        )
        batch_op.add_column(sa.Column("renewal", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("sent_attempt_id", sa.Text()))
    with op.batch_alter_table("delivery_attempts") as batch_op:
        batch_op.add_column(sa.Column("call_end", sa.Text(), nullable=False, server_default=""))
    op.create_index(
        "ix_deliveries_running",
        "deliveries",
        ["id"],
        unique=False,
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    )
    # The end of a lease stood where only the next pass stands now.
    op.execute(
        "UPDATE deliveries SET due_at = NULL, sent_attempt_id = ("
        "SELECT max(a.id) FROM delivery_attempts AS a"
        " WHERE a.delivery_id = deliveries.id AND a.state = 'sent'"
        ") WHERE status = 'running'"
    )
