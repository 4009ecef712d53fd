"""The recorder's table: one row a call, the newest kept."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, Table, Text

from ionport.store import Moment, metadata

sandbox_calls = Table(
    "sandbox_calls",
    metadata,
    # The order of arrival; ids order calls to the millisecond only.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("tenant_id", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("request_sha256", Text, nullable=False),
    Column("request_size", BigInteger, nullable=False),
    Column("request_kept", Boolean, nullable=False),
    Column("status", Integer, nullable=False),
    Column("response_sha256", Text, nullable=False),
    Column("response_size", BigInteger, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("effects", JSON, nullable=False),
    Column("received_at", Moment, nullable=False),
    Index("ix_sandbox_calls_tenant_id", "tenant_id", "number"),
)
