"""Tables of the review. Times are moments in UTC."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from ionport.documents.tables import documents
from ionport.identity.tables import organizations
from ionport.store import Moment, SentenceText, metadata
from ionport.store.schema import required

document_findings = Table(
    "document_findings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("document_id", Text, ForeignKey(documents.c.id), nullable=False),
    *required(Text, "code", "effect"),
    Column("parameters", JSON, nullable=False),
    # SHA-256 of the parameters: the same finding is one row, however often it is found.
    Column("fingerprint", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    # The decision; NULL and empty while nobody has decided.
    Column("decided_by", Text),
    Column("decided_at", Moment),
    Column("reason", Text, nullable=False),
    # The sentence as the person read it: evidence, which no page shows.
    Column("decided_text", SentenceText, nullable=False),
    # The deliveries that the decision let begin.
    Column("delivery_ids", JSON, nullable=False),
    # When the finding no longer applied, because a person corrected or rejected something.
    Column("resolved_at", Moment),
    UniqueConstraint("document_id", "code", "fingerprint", name="uq_document_findings_key"),
    Index("ix_document_findings_organization_id", "organization_id", "document_id"),
)

# The identity of each document; compared when a document is received.
invoice_identities = Table(
    "invoice_identities",
    metadata,
    Column("document_id", Text, ForeignKey(documents.c.id), primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    *required(Text, "kind", "number"),
    # Of the issue date; 0 = unknown.
    Column("year", Integer, nullable=False),
    Column("suppliers", JSON, nullable=False),
    # What it has in common with invoices that are nearly the same; "" = near none.
    Column("likeness", Text, nullable=False, server_default=""),
    Index("ix_invoice_identities_number", "organization_id", "kind", "number"),
    Index("ix_invoice_identities_likeness", "organization_id", "kind", "likeness"),
)

# One row for each number: whoever makes a first delivery locks it, so that of two copies that
# are exported at the same moment the second sees the first one's claim.
invoice_numbers = Table(
    "invoice_numbers",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    *required(Text, "kind", "number"),
    PrimaryKeyConstraint("organization_id", "kind", "number"),
)

# The claims of delivered documents, made with their first delivery.
invoice_claims = Table(
    "invoice_claims",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("document_id", Text, ForeignKey(documents.c.id), nullable=False, index=True),
    *required(Text, "kind", "number"),
    Column("year", Integer, nullable=False),
    Column("suppliers", JSON, nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Index("ix_invoice_claims_number", "organization_id", "kind", "number"),
)

# What persons decided about documents, corrected values among it; `position` is their order.
document_decisions = Table(
    "document_decisions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("document_id", Text, ForeignKey(documents.c.id), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("person", Text, nullable=False),
    # The user's id; the operator's name at the command line.
    Column("person_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("undone_at", Moment),
    Column("undone_by", Text, nullable=False),
    # As `person_id`; NULL where none undid it, or before this was kept.
    Column("undone_by_id", Text),
    UniqueConstraint("document_id", "position"),
    Index("ix_document_decisions_organization_id", "organization_id", "document_id"),
)
