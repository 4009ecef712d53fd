"""The table of documents that are edited at the moment."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from ionport.documents.tables import documents
from ionport.identity.tables import organizations
from ionport.store import Moment, metadata
from ionport.store.schema import required

document_edits = Table(
    "document_edits",
    metadata,
    Column("document_id", Text, ForeignKey(documents.c.id), primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    *required(Text, "person_id", "person"),
    Column("since", Moment, nullable=False),
    # When it lapses by itself.
    Column("until", Moment, nullable=False),
)
