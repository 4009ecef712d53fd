"""The table of buyers' identifiers and payment accounts."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Table, Text

from ionport.documents.tables import documents
from ionport.identity.tables import organizations
from ionport.store import metadata
from ionport.store.schema import required

# The identifiers and accounts of each document that no field holds (`model.Parties`).
document_parties = Table(
    "document_parties",
    metadata,
    Column("document_id", Text, ForeignKey(documents.c.id), primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    *required(JSON, "buyer_ids", "accounts"),
)
