"""The table of what documents say about buyer and payment."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Table, Text

from ionport.documents.tables import documents
from ionport.identity.tables import organizations
from ionport.store import metadata
from ionport.store.schema import required

# What each document says about buyer and payment that no field has (`model.Parties`).
document_parties = Table(
    "document_parties",
    metadata,
    Column("document_id", Text, ForeignKey(documents.c.id), primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    *required(JSON, "buyer_ids", "accounts"),
)
