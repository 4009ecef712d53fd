"""Tables of ION messaging: connection points, messages, document flows and what they send."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from ionport.store import Moment, metadata

ion_messages = Table(
    "ion_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("from_logical_id", Text, nullable=False),
    Column("to_logical_id", Text, nullable=False),
    Column("document_name", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("parameters_sha256", Text, nullable=False),
    Column("payload_sha256", Text, nullable=False),
    Column("bod_sha256", Text, nullable=False),
    Column("bod_size", BigInteger, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("first_received_at", Moment, nullable=False),
    Column("last_received_at", Moment, nullable=False),
    Column("arrivals", Integer, nullable=False),
    Column("findings", JSON, nullable=False),
    UniqueConstraint("tenant_id", "from_logical_id", "message_id", name="uq_ion_messages_sender"),
    Index("ix_ion_messages_tenant_id", "tenant_id", "id"),
)

ion_arrivals = Table(
    "ion_arrivals",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "message",
        Text,
        ForeignKey("ion_messages.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("request_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("payload_sha256", Text, nullable=False),
    Column("parameters_sha256", Text, nullable=False),
    Column("is_identical", Boolean, nullable=False),
    Column("received_at", Moment, nullable=False),
)

ion_settings = Table(
    "ion_settings",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("is_strict", Boolean, nullable=False),
)

ion_connection_points = Table(
    "ion_connection_points",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("logical_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("is_automatic", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("tenant_id", "logical_id", name="uq_ion_connection_points_logical_id"),
)

ion_point_documents = Table(
    "ion_point_documents",
    metadata,
    Column(
        "point", Text, ForeignKey("ion_connection_points.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("document_name", Text, primary_key=True),
)

ion_document_flows = Table(
    "ion_document_flows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("document_name", Text, nullable=False),
    Column("document_type", Text, nullable=False),
    Column("rule", JSON, nullable=False),
    Column("target", JSON, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
)

# The outbox: a row commits with the message that it answers, so none is lost.
ion_acknowledgements = Table(
    "ion_acknowledgements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False, index=True),
    Column("flow", Text, ForeignKey("ion_document_flows.id", ondelete="CASCADE"), nullable=False),
    Column(
        "message",
        Text,
        ForeignKey("ion_messages.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("bod_sha256", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_attempt", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("flow", "message", name="uq_ion_acknowledgements_message"),
    Index("ix_ion_acknowledgements_due", "state", "next_at"),
)

ion_ack_attempts = Table(
    "ion_ack_attempts",
    metadata,
    Column(
        "acknowledgement",
        Text,
        ForeignKey("ion_acknowledgements.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("status", Integer),
    Column("text", Text, nullable=False),
)

# All that a reset empties, in an order in which rows may be put back.
STATE_TABLES = (
    ion_settings,
    ion_connection_points,
    ion_point_documents,
    ion_messages,
    ion_arrivals,
    ion_document_flows,
    ion_acknowledgements,
    ion_ack_attempts,
)
