"""The recorder's table: one row a call, the newest kept."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from ionport.store import Moment, metadata

sandbox_calls = Table(
    "sandbox_calls",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("tenant_id", String(60), nullable=False),
    Column("request_id", String(100), nullable=False),
    Column("client_id", String(200), nullable=False),
    Column("service", String(40), nullable=False),
    Column("operation", String(60), nullable=False),
    Column("method", String(20), nullable=False),
    Column("path", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("request_sha256", String(64), nullable=False),
    Column("request_size", BigInteger, nullable=False),
    Column("request_kept", Boolean, nullable=False),
    Column("status", Integer, nullable=False),
    Column("response_sha256", String(64), nullable=False),
    Column("response_size", BigInteger, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("effects", JSON, nullable=False),
    Column("received_at", Moment, nullable=False),
    Index("ix_sandbox_calls_tenant_id", "tenant_id", "id"),
)
