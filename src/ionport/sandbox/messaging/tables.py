"""Tables of ION messaging: connection points, messages, document flows and what they send."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from ionport.store import Moment, metadata
from ionport.store.schema import part_of, required

ion_messages = Table(
    "ion_messages",
    metadata,
    Column("id", Text, primary_key=True),
    *required(
        Text,
        "tenant_id",
        "message_id",
        "from_logical_id",
        "to_logical_id",
        "document_name",
        "encoding",
    ),
    Column("parameters", JSON, nullable=False),
    *required(Text, "parameters_sha256", "payload_sha256", "bod_sha256"),
    Column("bod_size", BigInteger, nullable=False),
    Column("client_id", Text, nullable=False),
    *required(Moment, "first_received_at", "last_received_at"),
    Column("arrivals", Integer, nullable=False),
    Column("findings", JSON, nullable=False),
    UniqueConstraint("tenant_id", "from_logical_id", "message_id", name="uq_ion_messages_sender"),
    Index("ix_ion_messages_tenant_id", "tenant_id", "id"),
)

ion_arrivals = Table(
    "ion_arrivals",
    metadata,
    Column("id", Text, primary_key=True),
    part_of("message", "ion_messages.id", index=True),
    *required(Text, "request_id", "client_id", "payload_sha256", "parameters_sha256"),
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
    *required(Text, "tenant_id", "name", "description", "logical_id", "client_id"),
    *required(Boolean, "is_active", "is_automatic"),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("tenant_id", "logical_id", name="uq_ion_connection_points_logical_id"),
)

ion_point_documents = Table(
    "ion_point_documents",
    metadata,
    part_of("point", "ion_connection_points.id", primary_key=True),
    Column("document_name", Text, primary_key=True),
)

ion_document_flows = Table(
    "ion_document_flows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False, index=True),
    *required(Text, "name", "description", "document_name", "document_type"),
    *required(JSON, "rule", "target"),
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
    part_of("flow", "ion_document_flows.id"),
    part_of("message", "ion_messages.id", index=True),
    *required(Text, "outcome", "reason"),
    Column("bod_sha256", Text),
    Column("state", Text, nullable=False),
    *required(Integer, "attempts", "last_attempt"),
    *required(Moment, "next_at", "created_at"),
    # What the sandbox's M3 or LN made of the invoice: committed with it.
    Column("booked", JSON),
    UniqueConstraint("flow", "message", name="uq_ion_acknowledgements_message"),
    Index("ix_ion_acknowledgements_due", "state", "next_at"),
)

ion_ack_attempts = Table(
    "ion_ack_attempts",
    metadata,
    part_of("acknowledgement", "ion_acknowledgements.id", primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("status", Integer),
    # The words of the target or the gateway; `result` is the result of the attempt.
    Column("text", Text, nullable=False),
    Column("result", Text),
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
