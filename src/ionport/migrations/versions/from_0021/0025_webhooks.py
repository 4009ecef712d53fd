"""Webhooks: endpoints, what each is told, every try, and the numbers of a document's events

Revision: 0025, after 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        *_texts("id", "organization_id", "name", "url"),
        sa.Column("events", sa.JSON(), nullable=False),
        *_texts("state", "sealed", "sealed_previous"),
        sa.Column("previous_until", sa.BigInteger(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *_texts("created_by"),
        _belongs("webhook_endpoints"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index(
        op.f("ix_webhook_endpoints_organization_id"), "webhook_endpoints", ["organization_id"]
    )
    op.create_table(
        "webhook_messages",
        *_texts("id", "organization_id", "endpoint_id", "type"),
        sa.Column("document_id", sa.Text(), nullable=True),
        *_texts("body", "state"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("tries", "series")),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        _belongs("webhook_messages"),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_messages_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
    )
    op.create_index(
        "ix_webhook_messages_endpoint_id", "webhook_messages", ["endpoint_id", "created_at", "id"]
    )
    op.create_index("ix_webhook_messages_created_at", "webhook_messages", ["created_at"])
    waits = sa.text("state = 'waiting'")
    op.create_index(
        "ix_webhook_messages_due",
        "webhook_messages",
        ["due_at"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_table(
        "webhook_attempts",
        *_texts("id", "organization_id", "message_id", "endpoint_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        *_texts("error", "answer"),
        _belongs("webhook_attempts"),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["webhook_messages.id"],
            name=op.f("fk_webhook_attempts_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
        sa.UniqueConstraint(
            "message_id", "number", name=op.f("uq_webhook_attempts_message_id_number")
        ),
    )
    op.create_table(
        "webhook_sequences",
        *_texts("organization_id", "document_id"),
        sa.Column("last", sa.Integer(), nullable=False),
        _belongs("webhook_sequences"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_webhook_sequences_document_id")
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "document_id", name=op.f("pk_webhook_sequences")
        ),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _belongs(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organization_id")
    return sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=name)
