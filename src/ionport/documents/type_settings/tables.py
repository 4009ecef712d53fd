"""The table of the settings of document types."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, PrimaryKeyConstraint, Table, Text

from ionport.identity.tables import organizations
from ionport.store import Moment, metadata

document_type_settings = Table(
    "document_type_settings",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("document_type", Text, nullable=False),
    # As they are exported (`model.settings_as_json`).
    Column("settings", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("updated_by", Text, nullable=False),
    PrimaryKeyConstraint("organization_id", "document_type"),
)
