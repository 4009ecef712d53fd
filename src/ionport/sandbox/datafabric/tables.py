"""Tables of the Data Catalog and the Data Lake; contents lie in the blobs."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, PrimaryKeyConstraint, Table, Text

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
    Index("ix_lake_objects_stored", "tenant_id", "stored_at", "id"),
)

# All that a reset empties, in an order in which rows may be put back.
STATE_TABLES = (catalog_objects, lake_objects)
