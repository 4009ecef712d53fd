"""Tables of webhooks: endpoints, the messages for each (an outbox), and every try."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from ionport.identity.tables import organizations
from ionport.store import Moment, metadata, partial_index
from ionport.store.schema import part_of, required

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False, index=True),
    *required(Text, "name", "url"),
    Column("events", JSON, nullable=False),
    *required(Text, "state", "sealed"),
    # Of the secret before the last rotation; empty without one.
    Column("sealed_previous", Text, nullable=False),
    Column("previous_until", Moment),
    Column("failing_since", Moment),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
)

webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    part_of("endpoint_id", webhook_endpoints.c.id),
    Column("type", Text, nullable=False),
    Column("document_id", Text),
    *required(Text, "body", "state"),
    Column("created_at", Moment, nullable=False),
    # The next try, or the end of the lease of the one under way.
    Column("due_at", Moment),
    # Raising it is the compare-and-set that lets one worker make a try.
    *required(Integer, "tries", "series"),
    Column("finished_at", Moment),
    Index("ix_webhook_messages_endpoint_id", "endpoint_id", "created_at", "id"),
    Index("ix_webhook_messages_created_at", "created_at"),
)

# What the sender reads: stays as small as the work that is left.
partial_index(
    "ix_webhook_messages_due",
    webhook_messages.c.due_at,
    where=webhook_messages.c.state == "waiting",
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    part_of("message_id", webhook_messages.c.id),
    Column("endpoint_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("status", Integer),
    *required(Text, "error", "answer"),
    UniqueConstraint("message_id", "number"),
)

# Numbers the events of a document. Kept for as long as the document, so that no number comes twice.
webhook_sequences = Table(
    "webhook_sequences",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("document_id", Text, ForeignKey("documents.id"), nullable=False),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("organization_id", "document_id"),
)
