"""Tables of the review. Times are moments in UTC."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from ionport.documents.tables import documents
from ionport.identity.tables import organizations
from ionport.store import Moment, metadata

document_findings = Table(
    "document_findings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("document_id", Text, ForeignKey(documents.c.id), nullable=False),
    Column("code", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    # SHA-256 of the parameters: the same finding is one row, however often it is found.
    Column("fingerprint", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    # The decision; NULL and empty while nobody has decided.
    Column("decided_by", Text),
    Column("decided_at", Moment),
    Column("reason", Text, nullable=False),
    # The sentence as the person read it.
    Column("decided_text", Text, nullable=False),
    # The deliveries that the decision let begin.
    Column("delivery_ids", JSON, nullable=False),
    UniqueConstraint("document_id", "code", "fingerprint", name="uq_document_findings_key"),
    Index("ix_document_findings_organization_id", "organization_id", "document_id"),
)
