"""Tables of retention. Times are moments in UTC."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from ionport.identity.tables import organizations
from ionport.store import Moment, metadata

# How long documents of a type are kept whole; one without a row is kept for ever.
document_retention = Table(
    "document_retention",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("document_type", Text, nullable=False),
    Column("keep_years", Integer, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("updated_by", Text, nullable=False),
    PrimaryKeyConstraint("organization_id", "document_type"),
)

# Files of documents that were purged, by their digest, until they are deleted from the blobs.
purged_files = Table(
    "purged_files",
    metadata,
    Column("name", Text, primary_key=True),
    # From inside a document: payloads of deliveries may name it, and no row does.
    Column("is_inside", Boolean(create_constraint=False), nullable=False),
    Column("released_at", Moment, nullable=False),
    Index("ix_purged_files_released_at", "released_at"),
)
