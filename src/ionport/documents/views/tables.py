"""The table of how persons look at the list of documents."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, PrimaryKeyConstraint, Table, Text

from ionport.identity.tables import organizations, users
from ionport.store import metadata

list_settings = Table(
    "list_settings",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    Column("user_id", Text, ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("columns", JSON, nullable=False),
    Column("views", JSON, nullable=False),
    Column("default_view", Text, nullable=False),
    PrimaryKeyConstraint("organization_id", "user_id"),
)
