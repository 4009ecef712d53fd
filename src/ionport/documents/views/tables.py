"""The table of persons' settings of the list of documents."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, PrimaryKeyConstraint, Table, Text

from ionport.identity.tables import organizations, users
from ionport.store import metadata
from ionport.store.schema import part_of, required

list_settings = Table(
    "list_settings",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    part_of("user_id", users.c.id),
    *required(JSON, "columns", "views"),
    Column("default_view", Text, nullable=False),
    PrimaryKeyConstraint("organization_id", "user_id"),
)
