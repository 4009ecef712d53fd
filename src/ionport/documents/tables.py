"""Tables of documents. Times are moments in UTC, contents are in the blobs."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal,
)

from ionport.documents.kept_beside import keep_beside
from ionport.identity.tables import organizations
from ionport.store import Moment, SentenceText, metadata, partial_index
from ionport.store.schema import required

_DONE = ("exported", "rejected", "deleted")
documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("sub_organization_id", Text, ForeignKey(organizations.c.id), index=True),
    *required(Text, "document_type", "filename", "mime_type"),
    Column("size_bytes", Integer, nullable=False),
    *required(Text, "content_sha256", "status"),
    *required(JSON, "fields", "tables"),
    Column("duplicate_of", Text, ForeignKey("documents.id"), index=True),
    # Copies of some fields, so that lists neither read nor parse the JSON of every row.
    *required(Text, "number", "supplier_name", "invoice_date", "total_amount", "currency"),
    *required(Text, "due_date", "purchase_order", "supplier_id", "total_net_amount"),
    # How many findings hold the document; kept by whoever adds or decides one.
    Column("open_findings", Integer, nullable=False),
    # Name, number, supplier and id without case: what the list's search looks in.
    Column("search_text", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
    # By what lists sort: the number without case, in the order of signs on both databases, and the
    # amounts as numbers, 0 without one.
    Column("number_key", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
    *required(Double, "total_number", "net_number"),
    # Since when retention has removed its content; NULL while it is whole.
    Column("purged_at", Moment),
    # The ERP's status, derived from the deliveries, and its number there.
    Column("erp_status", Text),
    Column("erp_reference", Text),
    UniqueConstraint("organization_id", "content_sha256"),
    Index("ix_documents_organization_id_created_at", "organization_id", "created_at", "id"),
    Index("ix_documents_organization_id_status", "organization_id", "status", "created_at", "id"),
    *(
        Index(f"ix_documents_organization_id_{name}", "organization_id", name, "id")
        for name in (
            "updated_at",
            "filename",
            "document_type",
            "number_key",
            "supplier_name",
            "invoice_date",
            "total_number",
            "due_date",
            "purchase_order",
            "supplier_id",
            "net_number",
        )
    ),
)
IS_DONE_WHOLE = and_(
    documents.c.purged_at.is_(None),
    documents.c.status.in_(literal(done, literal_execute=True) for done in _DONE),
)
"""The condition of retention, written so that SQLite uses the index below."""

partial_index(
    "ix_documents_done_whole",
    documents.c.organization_id,
    documents.c.document_type,
    documents.c.updated_at,
    documents.c.id,
    where=IS_DONE_WHOLE,
)
keep_beside(documents)

# How many documents there are; several rows for the same are added together. Kept by triggers.
document_counts = Table(
    "document_counts",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    *required(Text, "organization_id", "status", "document_type"),
    Column("number", Integer, nullable=False),
    Index("ix_document_counts_organization_id", "organization_id", "status", "document_type"),
)

document_timeline = Table(
    "document_timeline",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("document_id", Text, ForeignKey("documents.id"), nullable=False),
    Column("at", Moment, nullable=False),
    *required(Text, "kind"),
    *required(SentenceText, "text"),
    Column("previous_status", Text),
    Column("status", Text),
    Column("actor_name", Text, nullable=False),
    # The newest entry first; entries of one moment keep the order they were written in.
    Column("position", Integer, nullable=False),
    # An entry that is stored as a code with parameters has no text.
    Column("code", Text, nullable=False, server_default=""),
    Column("parameters", JSON, nullable=False, server_default="{}"),
    UniqueConstraint("document_id", "position"),
)

# PDFs that were made of documents: by content, so that the same file needs none of its own.
document_renderings = Table(
    "document_renderings",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    *required(Text, "content_sha256", "renderer", "language", "pdf_sha256"),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("organization_id", "content_sha256", "renderer", "language"),
)
