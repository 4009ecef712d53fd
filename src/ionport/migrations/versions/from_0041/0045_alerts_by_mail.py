"""Settings of alerts, and what is to be told by mail

Revision: 0045, after 0044
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"

_WAITING = sa.text("state = 'waiting'")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "alert_settings",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        *_texts("pace", "sender", "host"),
        sa.Column("port", sa.Integer(), nullable=False),
        *_texts("security", "username"),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        *_texts("error", "answer"),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        *_texts("updated_by"),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_alert_settings_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_alert_settings")),
    )
    op.create_table(
        "alert_messages",
        sa.Column("id", sa.Text(), nullable=False),
        *_texts("organization_id", "type", "document_id", "delivery_id", "text", "state"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("mail_id", sa.Text(), nullable=True),
        sa.Column("open_tries", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_alert_messages_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_messages")),
    )
    columns = ["organization_id", "created_at", "id"]
    op.create_index("ix_alert_messages_organization_id", "alert_messages", columns)
    op.create_index("ix_alert_messages_created_at", "alert_messages", ["created_at"])
    op.create_index(
        "ix_alert_messages_waiting",
        "alert_messages",
        columns,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
