"""Tables of groups. Ids are text (`core.ids`)."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from ionport.store import Moment, metadata
from ionport.store.schema import part_of, required

user_groups = Table(
    "user_groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    Column("name", Text, nullable=False),
    # The name without regard to case: what must be unique.
    Column("name_key", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("organization_id", "name_key"),
)

user_group_grants = Table(
    "user_group_grants",
    metadata,
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False, index=True),
    part_of("group_id", "user_groups.id"),
    # Empty: documents of every type.
    *required(Text, "document_type", "permission"),
    PrimaryKeyConstraint("group_id", "document_type", "permission"),
)

user_group_members = Table(
    "user_group_members",
    metadata,
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    part_of("group_id", "user_groups.id"),
    part_of("user_id", "users.id"),
    PrimaryKeyConstraint("group_id", "user_id"),
    Index("ix_user_group_members_user_id", "user_id"),
)
