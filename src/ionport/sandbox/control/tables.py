"""The control plane's tables: the recorder, faults, clock, snapshots, control keys."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from ionport.sandbox.kit.tables import released_blobs
from ionport.store import Moment, metadata
from ionport.store.schema import part_of, required

# One row a call, the newest kept.
sandbox_calls = Table(
    "sandbox_calls",
    metadata,
    # The order of arrival; ids order calls to the millisecond only.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    *required(
        Text,
        "tenant_id",
        "request_id",
        "client_id",
        "service",
        "operation",
        "method",
        "path",
        "query",
    ),
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
    # What a fault rule did to the call; None: nothing.
    Column("fault", Text),
    # Short answers only, beside the row: a file would be waited for inside the transaction.
    Column("response_type", Text),
    Column("response_body", LargeBinary),
    Index("ix_sandbox_calls_tenant_id", "tenant_id", "number"),
)

sandbox_faults = Table(
    "sandbox_faults",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    # What a call must be; an empty text stands for any.
    *required(Text, "service", "operation", "method", "path", "trigger"),
    Column("figure", Float, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Integer, nullable=False),
    *required(Text, "body", "media_type"),
    Column("seconds", Float, nullable=False),
    *required(Boolean, "after_commit", "is_enabled"),
    # Calls that matched since the rule was switched on, and to how many of them it applied.
    *required(BigInteger, "seen", "hits"),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
)

# One row at most, numbered 1. The generation is raised by every change that a process remembers:
# of faults, of the clock, of token marks.
sandbox_controls = Table(
    "sandbox_controls",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("generation", BigInteger, nullable=False),
    # How far the Infor side's clock is ahead of the machine's.
    Column("clock_offset_microseconds", BigInteger, nullable=False),
)

# Access tokens issued before that moment count as expired.
sandbox_token_marks = Table(
    "sandbox_token_marks",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("expired_before", Moment, nullable=False),
)

sandbox_snapshots = Table(
    "sandbox_snapshots",
    metadata,
    Column("id", Text, primary_key=True),
    *required(Text, "tenant_id", "name"),
    *required(BigInteger, "rows", "size"),
    Column("content_sha256", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("tenant_id", "name", name="uq_sandbox_snapshots_name"),
)

# Files that the rows of a snapshot name: they stay as long as it does.
sandbox_snapshot_files = Table(
    "sandbox_snapshot_files",
    metadata,
    part_of("snapshot_id", "sandbox_snapshots.id", primary_key=True),
    Column("sha256", Text, primary_key=True),
)

control_keys = Table(
    "control_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
)

# What a reset empties beside the imitated services' own state.
STATE_TABLES = (sandbox_calls, sandbox_faults, sandbox_token_marks)
# What outlives a reset.
KEPT_TABLES = (
    sandbox_controls,
    sandbox_snapshots,
    sandbox_snapshot_files,
    released_blobs,
    control_keys,
)
