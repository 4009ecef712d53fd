"""Tables of connections, their tokens and their checks."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from ionport.store import Moment, SentenceText, metadata, partial_index
from ionport.store.schema import part_of, required

connections = Table(
    "connections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    *required(Text, "name", "tenant_id", "app_name"),
    Column("environment", Text),
    *required(Text, "gateway", "authorization_server"),
    # Shortened for display: the whole client id stays in the sealed file.
    *required(Text, "client_id", "kind", "fingerprint"),
    Column("remarks", JSON, nullable=False),
    *required(Text, "sealed", "uploaded_by"),
    Column("uploaded_at", Moment, nullable=False),
    # The kind of target, and its parameters without secrets where it is no Infor tenant.
    Column("target", Text, nullable=False, server_default="infor"),
    Column("parameters", JSON, nullable=False, server_default="{}"),
    # The last day of its credentials, as a person has written it down, as YYYY-MM-DD; and how many
    # days before it was last announced.
    Column("credentials_end_on", Text),
    Column("credentials_told", Integer),
    # Since when a person has paused it, and why; when that was last told; when a person last asked
    # that what waits because no server answers is tried at once.
    Column("paused_at", Moment),
    Column("paused_by", Text, nullable=False, server_default=""),
    Column("pause_reason", Text, nullable=False, server_default=""),
    Column("pause_told_at", Moment),
    Column("tried_at", Moment),
    UniqueConstraint("organization_id", "fingerprint", name="uq_connections_fingerprint"),
)

# What a connection's file was before it was replaced, the newest twenty.
connection_versions = Table(
    "connection_versions",
    metadata,
    Column("id", Text, primary_key=True),
    part_of("connection_id", "connections.id"),
    *required(Text, "app_name", "gateway", "authorization_server", "client_id", "kind"),
    *required(Text, "fingerprint", "sealed", "uploaded_by"),
    Column("environment", Text),
    Column("remarks", JSON, nullable=False),
    *required(Moment, "uploaded_at", "replaced_at"),
    Column("replaced_by", Text, nullable=False),
    Index("ix_connection_versions_connection_id", "connection_id", "id"),
)

# Sign-ons, tokens and calls of two days, by the minute since 1970.
connection_usage = Table(
    "connection_usage",
    metadata,
    part_of("connection_id", "connections.id", primary_key=True),
    Column("minute", BigInteger, primary_key=True, index=True),
    *required(Integer, "sign_ons", "tokens", "calls"),
)

# What fetches of suppliers have read and what came of them, the newest twenty of a connection.
supplier_fetches = Table(
    "supplier_fetches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    part_of("connection_id", "connections.id"),
    *required(Text, "erp", "company", "state", "person"),
    Column("is_check", Boolean(create_constraint=False), nullable=False),
    *required(Integer, "suppliers", "asked", "to_ask"),
    *required(Moment, "started_at", "updated_at"),
    *required(SentenceText, "error"),
    Column("outcome", JSON),
    Index("ix_supplier_fetches_connection_id", "connection_id", "started_at"),
)

partial_index(
    "uq_supplier_fetches_running",
    supplier_fetches.c.connection_id,
    unique=True,
    where=supplier_fetches.c.state == "running",
)

connection_tokens = Table(
    "connection_tokens",
    metadata,
    part_of("connection_id", "connections.id"),
    # The token store's own key: one file may hold tokens of more than one grant.
    *required(Text, "key", "sealed"),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("connection_id", "key"),
)

connection_checks = Table(
    "connection_checks",
    metadata,
    Column("id", Text, primary_key=True),
    part_of("connection_id", "connections.id"),
    *required(Text, "status", "started_by"),
    *required(Moment, "started_at", "updated_at"),
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
    part_of("check_id", "connection_checks.id"),
    Column("position", Integer, nullable=False),
    *required(Text, "key", "status"),
    Column("milliseconds", Integer),
    *required(SentenceText, "title", "summary", "cause", "remedy"),
    # Rows of label and value.
    Column("details", JSON, nullable=False),
    # A stable word for how it ended.
    Column("code", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("check_id", "position"),
)
