"""Tables of mappings. Versions are only ever added; the text is small and stored in the row."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from ionport.identity.tables import organizations
from ionport.store import Moment, metadata

mapping_files = Table(
    "mapping_files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("name", Text, nullable=False),
    # The name without case: what is unique, and what the list's search looks in.
    Column("name_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("latest_number", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("organization_id", "name_key"),
    # What the list is sorted by, beside the name.
    Index("ix_mapping_files_kind", "organization_id", "kind", "name_key"),
    Index("ix_mapping_files_updated_at", "organization_id", "updated_at", "name_key"),
)

mapping_versions = Table(
    "mapping_versions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mapping_id", Text, ForeignKey(mapping_files.c.id), nullable=False),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    # The encoding of the uploaded bytes (`TextEncoding`), from which and the text they are
    # restored.
    Column("encoding", Text, nullable=False, server_default="utf-8"),
    UniqueConstraint("mapping_id", "number"),
)

# A finding that holds, accepted by a person: it does not hold later versions either.
mapping_acceptances = Table(
    "mapping_acceptances",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("mapping_id", Text, ForeignKey(mapping_files.c.id), nullable=False),
    Column("version_number", Integer, nullable=False),
    # `Finding.identity`.
    Column("finding", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("accepted_by", Text, nullable=False),
    UniqueConstraint("mapping_id", "finding"),
)
