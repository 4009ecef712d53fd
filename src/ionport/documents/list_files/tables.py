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
from ionport.store.schema import part_of, required

list_files = Table(
    "list_files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    part_of("person_id", users.c.id),
    *required(Text, "format", "state"),
    # The words of the list's address, and what they meant then.
    *required(JSON, "selection", "query"),
    *required(Integer, "total", "done", "size_bytes"),
    # Which process makes it; empty for none.
    Column("worker", Text, nullable=False),
    *required(Moment, "asked_at", "updated_at"),
    Column("ended_at", Moment),
    # The document types that its person saw when it was made; NULL for every type.
    Column("document_types", JSON(none_as_null=True)),
    Index("ix_list_files_person", "organization_id", "person_id", "asked_at", "id"),
    Index("ix_list_files_asked_at", "asked_at"),
)
partial_index("ix_list_files_running", list_files.c.asked_at, where=list_files.c.state == "running")

# In the database, where every web process and worker finds it, and deleted with the row.
list_file_parts = Table(
    "list_file_parts",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    part_of("file_id", list_files.c.id),
    Column("number", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("file_id", "number"),
)
