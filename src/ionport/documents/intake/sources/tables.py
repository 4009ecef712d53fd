"""Tables of intake sources and of their log. Times are moments in UTC."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from ionport.identity.tables import organizations
from ionport.store import Moment, SentenceText, metadata
from ionport.store.schema import part_of, required

intake_sources = Table(
    "intake_sources",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("sub_organization_id", Text, ForeignKey(organizations.c.id), index=True),
    *required(Text, "name", "kind"),
    Column("parameters", JSON, nullable=False),
    # Why the last look failed; empty when it did not.
    Column("problem", SentenceText, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    # Password or private key of an SFTP account; empty for a folder.
    Column("sealed", Text, nullable=False),
    UniqueConstraint("organization_id", "name"),
)

intake_log = Table(
    "intake_log",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    part_of("source_id", intake_sources.c.id),
    Column("at", Moment, nullable=False),
    *required(Text, "filename", "result"),
    *required(SentenceText, "text"),
    Column("document_ids", JSON, nullable=False),
    Index("ix_intake_log_source_id", "source_id", "at", "id"),
)
