"""Tables of Data Catalog, Data Lake and Compass; contents and results lie in the blobs."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    false,
)

from ionport.store import Moment, metadata
from ionport.store.schema import required

catalog_objects = Table(
    "catalog_objects",
    metadata,
    *required(Text, "tenant_id", "name", "type"),
    *required(JSON, "schema", "properties"),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    PrimaryKeyConstraint("tenant_id", "name"),
)

lake_objects = Table(
    "lake_objects",
    metadata,
    Column("id", Text, primary_key=True),
    *required(Text, "tenant_id", "document_name", "sender", "message", "sha256"),
    Column("size", BigInteger, nullable=False),
    Column("stored_at", Moment, nullable=False),
    Column("instances", Integer, nullable=False, server_default="1"),
    *(
        Column(name, Boolean, nullable=False, server_default=false())
        for name in ("is_corrupt", "is_archived")
    ),
    # What the sender says of it, if anything.
    Column("batch_id", Text),
    Column("accounting_entity", Text),
    Column("published_at", Moment),
    Index("ix_lake_objects_stored", "tenant_id", "stored_at", "id"),
)

compass_jobs = Table(
    "compass_jobs",
    metadata,
    Column("id", Text, primary_key=True),
    *required(Text, "tenant_id", "statement", "result_format", "status", "message"),
    Column("row_limit", Integer, nullable=False),
    Column("columns", JSON, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("result_sha256", Text),
    Column("submitted_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Index("ix_compass_jobs_submitted", "tenant_id", "submitted_at", "id"),
)

# All that a reset empties, in an order in which rows may be put back.
STATE_TABLES = (catalog_objects, lake_objects, compass_jobs)
