"""Tables of list files that are made in the background. Times are moments in UTC."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from ionport.identity.tables import organizations, users
from ionport.store import Moment, metadata, partial_index

list_files = Table(
    "list_files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("person_id", Text, ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("format", Text, nullable=False),
    Column("state", Text, nullable=False),
    # The words of the list's address, and what they meant then.
    Column("selection", JSON, nullable=False),
    Column("query", JSON, nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    # Which process makes it; empty for none.
    Column("worker", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("ended_at", Moment),
    # The document types that its person saw when it was made; NULL for every type.
    Column("document_types", JSON(none_as_null=True)),
    Index("ix_list_files_person", "organization_id", "person_id", "asked_at", "id"),
    Index("ix_list_files_asked_at", "asked_at"),
)
partial_index("ix_list_files_running", list_files.c.asked_at, where=list_files.c.state == "running")

# In the database, where every web process and worker finds it, and with which it goes.
list_file_parts = Table(
    "list_file_parts",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("file_id", Text, ForeignKey(list_files.c.id, ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("file_id", "number"),
)
