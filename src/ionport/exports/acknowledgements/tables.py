"""Tables of acknowledgements: endpoints, and received documents."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from ionport.store import Moment, metadata
from ionport.store.schema import part_of, required

erp_endpoints = Table(
    "erp_endpoints",
    metadata,
    part_of("connection_id", "connections.id", primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    *required(Text, "token_digest", "hint", "made_by"),
    Column("made_at", Moment, nullable=False),
)

erp_acknowledgements = Table(
    "erp_acknowledgements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    part_of("connection_id", "connections.id"),
    Column("delivery_id", Text, ForeignKey("deliveries.id"), index=True),
    *required(Text, "kind", "status", "result", "correlation_id", "bod_id", "number", "voucher"),
    *required(Text, "reason", "content_digest"),
    Column("times", Integer, nullable=False),
    *required(Moment, "received_at", "last_received_at"),
    # A replay is known by its bytes.
    UniqueConstraint("connection_id", "content_digest", name="uq_erp_acknowledgements_content"),
    Index("ix_erp_acknowledgements_connection_id_received_at", "connection_id", "received_at"),
)
