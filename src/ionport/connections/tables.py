"""Tables of connections, their tokens and their checks."""

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

from ionport.store import Moment, metadata, partial_index

connections = Table(
    "connections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("tenant_id", Text, nullable=False),
    Column("app_name", Text, nullable=False),
    Column("environment", Text),
    Column("gateway", Text, nullable=False),
    Column("authorization_server", Text, nullable=False),
    # Shortened for the eye: the whole client id stays in the sealed file.
    Column("client_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("remarks", JSON, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("uploaded_at", Moment, nullable=False),
    UniqueConstraint("organization_id", "fingerprint", name="uq_connections_fingerprint"),
)

connection_tokens = Table(
    "connection_tokens",
    metadata,
    Column(
        "connection_id",
        Text,
        ForeignKey("connections.id", ondelete="CASCADE"),
        nullable=False,
    ),
    # The token store's own key: one file may hold tokens of more than one grant.
    Column("key", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("connection_id", "key"),
)

connection_checks = Table(
    "connection_checks",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "connection_id",
        Text,
        ForeignKey("connections.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("status", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("finished_at", Moment),
    # Who runs it: set once, by compare-and-set. Only its owner writes stages.
    Column("runner", Text),
    Index("ix_connection_checks_connection_id_started_at", "connection_id", "started_at"),
)

# A proof costs a sign-on at Infor: two that run at once are one too many.
partial_index(
    "uq_connection_checks_running",
    connection_checks.c.connection_id,
    unique=True,
    where=connection_checks.c.status == "running",
)

connection_check_stages = Table(
    "connection_check_stages",
    metadata,
    Column(
        "check_id", Text, ForeignKey("connection_checks.id", ondelete="CASCADE"), nullable=False
    ),
    Column("position", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("milliseconds", Integer),
    Column("summary", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    # Rows of label and value.
    Column("details", JSON, nullable=False),
    PrimaryKeyConstraint("check_id", "position"),
)
